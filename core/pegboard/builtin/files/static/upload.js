// Sends files straight to their storage, with progress and cancel. The form works without it.
{
  const page = (found) => document.querySelector(found), form = page("[data-upload]"), text = form.dataset;
  const find = (name, from = form) => from.querySelector(`[data-upload-${name}]`);
  const zone = find("zone"), files = page("[data-file-list]");
  let queue = Promise.resolve();

  const ask = async (url, body = {}) => {
    const headers = { "Content-Type": "application/json", "X-CSRFToken": form.csrf_token.value };
    const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) }).catch(() => Response.error());
    const json = await answer.json().catch(() => ({}));
    if (answer.ok) return json;
    throw Error(json.error?.message);
  };

  const send = (xhr, { method, url, headers, fields }, file) => new Promise((done, fail) => {
    const body = method === "PUT" ? file : new FormData();
    if (body !== file) for (const pair of [...fields, ["file", file]]) body.append(...pair);
    xhr.onloadend = () => (/^2/.test(xhr.status) ? done() : fail(Error()));
    xhr.open(method, url);
    for (const name in headers) xhr.setRequestHeader(name, headers[name]);
    xhr.send(body);
  });

  const add = (file) => {
    const row = find("row").content.firstElementChild.cloneNode(true), xhr = new XMLHttpRequest();
    let id, gone;
    const show = (state, words) => {
      row.dataset.state = state;
      find("note", row).textContent = words;
      if (state !== "sending") find("status").textContent = `${file.name}: ${words}`;
    };
    const forget = () => id && ask(`${text.files}${id}/delete`).catch(() => 0);
    queue = queue.then(async () => {
      if (gone) return;
      const { name, type, size } = file, begun = await ask(text.uploads, { name, type, size });
      id = begun.id;
      if (gone) return;
      await send(xhr, begun.upload, file);
      show("checking", text.checking);
      const done = await ask(`${text.uploads}/${id}/complete`);
      if (gone) return;
      show("done", text.done);
      row.remove();
      files.insertAdjacentHTML("afterbegin", done.row);
      files.parentNode.hidden = false;
      page(".empty-state")?.remove();
    }).catch((error) => gone || show("failed", error.message || text.failed)).then(() => gone && forget());
    xhr.upload.onprogress = ({ loaded, total }) => {
      const bar = find("progress", row);
      bar.value = 100 * loaded / total | 0;
      show("sending", `${bar.value} %`);
    };
    find("name", row).textContent = file.name;
    find("cancel", row).onclick = () => {
      gone = true;
      xhr.abort();
      show("cancelled", text.cancelled);
    };
    find("retry", row).onclick = () => { row.remove(); forget(); add(file); };
    find("list").append(row);
  };

  zone.ondragover = () => { zone.dataset.over = ""; };
  zone.ondragleave = zone.ondrop = () => { delete zone.dataset.over; };
  form.onchange = ({ target }) => { [...target.files].forEach(add); target.value = ""; };
  text.enhanced = "";
}
