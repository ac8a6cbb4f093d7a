// Sends files straight to their storage, with progress and cancel. Without it the form works alone.
{
  const form = document.querySelector("[data-upload]"), text = form.dataset;
  const find = (name, from = form) => from.querySelector(`[data-upload-${name}]`);
  const zone = find("zone"), input = find("input"), list = find("list"), files = document.querySelector("[data-file-list]");
  let queue = Promise.resolve();

  const ask = async (url, body = {}) => {
    const headers = { "Content-Type": "application/json", "X-CSRFToken": form.csrf_token.value };
    const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
    const json = answer.status === 204 || await answer.json();
    if (!answer.ok) throw Error(json.error.message);
    return json;
  };

  const send = (xhr, { method, url, headers, fields }, file) => new Promise((done, fail) => {
    const body = method === "POST" ? new FormData() : file;
    if (body !== file) for (const pair of [...fields, ["file", file]]) body.append(...pair);
    xhr.onloadend = () => (xhr.status > 199 && xhr.status < 300 ? done() : fail(Error()));
    xhr.open(method, url);
    for (const name in headers) xhr.setRequestHeader(name, headers[name]);
    xhr.send(body);
  });

  const add = (file) => {
    const row = find("row").content.firstElementChild.cloneNode(true), xhr = new XMLHttpRequest();
    let id, cancelled;
    const show = (state, words) => {
      row.dataset.state = state;
      find("note", row).textContent = words;
      if (state !== "sending") find("status").textContent = `${file.name}: ${words}`;
    };
    const forget = () => id && ask(`${text.files}${id}/delete`).catch(() => 0);
    const run = async () => {
      if (cancelled) return;
      const begun = await ask(text.uploads, { name: file.name, type: file.type, size: file.size });
      id = begun.id;
      if (cancelled) return;
      await send(xhr, begun.upload, file);
      show("checking", text.checking);
      const done = await ask(`${text.uploads}/${id}/complete`);
      if (cancelled) return;
      show("done", text.done);
      row.remove();
      files.insertAdjacentHTML("afterbegin", done.row);
      files.parentNode.hidden = false;
      document.querySelector(".empty-state")?.remove();
    };
    xhr.upload.onprogress = ({ loaded, total }) => {
      const bar = find("progress", row);
      bar.value = Math.floor((100 * loaded) / total);
      show("sending", `${bar.value} %`);
    };
    find("name", row).textContent = file.name;
    find("cancel", row).onclick = () => {
      cancelled = true;
      xhr.abort();
      show("cancelled", text.cancelled);
    };
    find("retry", row).onclick = () => { row.remove(); forget(); add(file); };
    list.append(row);
    list.hidden = false;
    queue = queue.then(run).catch((error) => cancelled || show("failed", error.message || text.failed))
      .then(() => cancelled && forget());
  };

  zone.ondragover = () => { zone.dataset.over = ""; };
  zone.ondragleave = zone.ondrop = () => { delete zone.dataset.over; };
  input.onchange = () => { [...input.files].forEach(add); input.value = ""; };
  text.enhanced = "";
}
