// Sends files straight to their storage: dropped or chosen, with progress and cancel. Without it the form works alone.
(() => {
  "use strict";
  const form = document.querySelector("[data-upload]");
  if (!form) return;
  const find = (name, from = form) => from.querySelector(`[data-upload-${name}]`);
  const zone = find("zone"), input = find("input"), list = find("list"), text = form.dataset;
  const token = form.elements.csrf_token.value;
  const say = (words) => { find("status").textContent = words; };
  const waiting = [];
  let busy = 0;

  async function ask(url, body) {
    const answer = await fetch(url, {
      method: "POST", body: JSON.stringify(body),
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token },
    });
    const json = answer.status === 204 ? {} : await answer.json().catch(() => ({}));
    if (!answer.ok) throw Error(json.error?.message || text.textFailed);
    return json;
  }

  const send = (xhr, file, to, moved) => new Promise((done, fail) => {
    xhr.upload.onprogress = moved;
    xhr.onload = () => (xhr.status < 300 ? done() : fail(Error(text.textFailed)));
    xhr.onerror = xhr.onabort = () => fail(Error(text.textFailed));
    xhr.open(to.method, to.url);
    for (const name in to.headers) xhr.setRequestHeader(name, to.headers[name]);
    let body = file;
    if (to.method === "POST") {
      body = new FormData();
      to.fields.forEach(([name, value]) => body.append(name, value));
      body.append("file", file);
    }
    xhr.send(body);
  });

  function add(file) {
    const row = find("row").content.firstElementChild.cloneNode(true);
    const bar = find("progress", row), note = find("note", row);
    let xhr, id, cancelled;
    const show = (state, words = "") => { row.dataset.state = state; note.textContent = words; };
    const forget = () => id && ask(`${text.files}${id}/delete`).catch(() => {});
    find("name", row).textContent = file.name;
    find("cancel", row).onclick = () => {
      cancelled = true;
      xhr?.abort();
      show("cancelled", text.textCancelled);
      say(`${file.name}: ${text.textCancelled}`);
    };
    find("retry", row).onclick = () => { row.remove(); add(file); };
    list.append(row);
    list.hidden = false;
    if (file.size > text.maxSize) return show("failed", text.textTooLarge);
    show("waiting", text.textWaiting);
    waiting.push(async () => {
      if (cancelled) return;
      try {
        const begun = await ask(text.uploads, { name: file.name, type: file.type, size: file.size });
        id = begun.id;
        if (cancelled) throw 0;
        show("sending", "0 %");
        xhr = new XMLHttpRequest();
        await send(xhr, file, begun.upload, (event) => {
          bar.value = Math.floor((100 * event.loaded) / event.total);
          note.textContent = `${bar.value} %`;
        });
        show("checking", text.textChecking);
        const done = await ask(`${text.uploads}/${id}/complete`);
        show("done", text.textDone);
        say(`${file.name}: ${text.textDone}`);
        const files = document.querySelector("[data-file-list]");
        if (files) { files.insertAdjacentHTML("afterbegin", done.row); row.remove(); }
      } catch (error) {
        forget();
        if (cancelled) return;
        show("failed", error.message);
        say(`${file.name}: ${error.message}`);
      }
    });
    next();
  }

  async function next() {
    if (busy > 2 || !waiting.length) return;
    busy++;
    await waiting.shift()();
    if (!--busy && !waiting.length) ended();
    next();
  }

  function ended() {
    say(text.textAllDone);
    list.hidden = !list.children.length;
    if (!document.querySelector("[data-file-list]") && find("list").querySelector("[data-state=done]")) location.reload();
  }

  zone.ondragenter = zone.ondragover = () => { zone.dataset.over = ""; };
  zone.ondragleave = zone.ondrop = () => { delete zone.dataset.over; };
  input.onchange = () => { [...input.files].forEach(add); input.value = ""; };
  form.dataset.enhanced = "";
})();
