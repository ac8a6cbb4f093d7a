// Sends files straight to their storage, with progress and cancel. The form works without it. sending.js comes before it.
{
  const { ask, send, sendParts } = sending;
  const page = (found) => document.querySelector(found), form = page("[data-upload]"), text = form.dataset;
  const find = (name, from = form) => from.querySelector(`[data-upload-${name}]`);
  const zone = find("zone"), files = page("[data-file-list]");
  let queue = Promise.resolve();

  // The id of what was begun and has not finished; the browser may not let us keep it.
  const kept = (name, id) => {
    try {
      if (id) localStorage.setItem(name, id);
      else if (id === null) localStorage.removeItem(name);
      return localStorage.getItem(name);
    } catch { return null; }
  };

  // The upload of this file that was interrupted, if the board still waits for it.
  const interrupted = async (keep) => {
    const id = kept(keep), get = () => ask(`${text.uploads}/${id}`, { method: "GET" });
    const known = id && await get().catch((error) => { if (error.status !== 404) throw error; });
    if (known?.parts && known.state !== "failed") return known;
    if (known) await ask(`${text.files}${id}/delete`);
    return kept(keep, null);
  };

  // What the page says beside the list: how many files there are, what they take up, what to do where there is none.
  const renew = async () => {
    const answer = await fetch(text.files), fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const found of [".page-header", ".quota"]) page(found)?.replaceWith(fresh.querySelector(found));
    files.parentNode.hidden = !files.children.length;
    page(".empty-state")?.remove();
    if (!files.children.length) files.parentNode.after(fresh.querySelector(".empty-state") ?? "");
  };

  // Takes a row away; the focus that was in it goes on.
  const leave = (row, next) => {
    const focused = row.contains(document.activeElement);
    row.remove();
    if (focused) next.focus();
  };

  const add = (file) => {
    const row = find("row").content.firstElementChild.cloneNode(true), stop = new AbortController(), { signal } = stop;
    const { name, type, size, lastModified } = file, keep = `upload ${size} ${lastModified} ${name}`;
    let id, said = 0;
    const listed = () => document.getElementById(`file-${id}`);
    const tell = (words) => { find("status").textContent = `${name}: ${words}`; };
    const show = (state, words) => {
      row.dataset.state = state;
      find("note", row).textContent = words;
      if (state !== "sending") tell(words);
    };
    const told = (bytes) => {
      const bar = find("progress", row), now = Math.max(bar.value, Math.min(100, 100 * bytes / size | 0));
      if (signal.aborted) return;
      bar.value = now;
      show("sending", `${now} %`);
      if (now >= said + 20) tell(`${said = now - now % 20} %`);
    };
    const forget = async () => {
      kept(keep, null);
      if (!id) return;
      await ask(`${text.files}${id}/delete`);
      listed()?.remove();
      await renew();
    };
    const upload = async () => {
      const begun = await interrupted(keep) ?? await ask(text.uploads, { body: { name, type, size } });
      const url = `${text.uploads}/${id = begun.id}`;
      signal.throwIfAborted();
      if (begun.parts) kept(keep, id);
      if (listed()) listed().hidden = true;
      await (begun.parts ? sendParts(file, url, begun.parts, signal, told) : send(begun.upload, file, signal, told));
      show("checking", text.checking);
      const done = await ask(`${url}/complete`);
      signal.throwIfAborted();
      kept(keep, null);
      listed()?.remove();
      files.insertAdjacentHTML("afterbegin", done.row);
      files.parentNode.hidden = false;
      leave(row, files.querySelector("a"));
      show("done", text.done);
      await renew().catch(() => 0);
    };
    queue = queue.then(() => signal.aborted || upload()).catch((error) => {
      if (signal.aborted) return forget();
      const focused = row.contains(document.activeElement);
      show("failed", error.status && error.message || text.failed);
      if (focused) find("retry", row).focus();
    }).catch(() => 0);
    find("name", row).textContent = name;
    find("cancel", row).onclick = () => {
      stop.abort();
      show("cancelled", text.cancelled);
      find("retry", row).focus();
    };
    find("retry", row).onclick = async () => {
      leave(row, find("input"));
      if (!kept(keep)) await forget().catch(() => 0);
      add(file);
    };
    find("list").append(row);
  };

  zone.ondragover = () => { zone.dataset.over = ""; };
  zone.ondragleave = zone.ondrop = () => { delete zone.dataset.over; };
  form.onchange = ({ target }) => { [...target.files].forEach(add); target.value = ""; };
  text.enhanced = "";
}
