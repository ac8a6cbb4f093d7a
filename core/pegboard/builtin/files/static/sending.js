// What upload.js sends with: questions to the board, signed requests to the storage, and large files in parts.
const sending = (() => {
  const AT_ONCE = 3, TRIES = 3, ROUNDS = 3;

  const ask = async (url, { method = "POST", body = {}, signal } = {}) => {
    const token = document.querySelector("[data-upload]").csrf_token.value;
    const headers = { "Content-Type": "application/json", "X-CSRFToken": token };
    const answer = await fetch(url, { method, headers, signal, body: method === "POST" ? JSON.stringify(body) : null });
    const json = await answer.json().catch(() => ({}));
    if (answer.ok) return json;
    throw Object.assign(Error(json.error?.message), { status: answer.status });
  };

  // `told` hears how many bytes have gone.
  const send = ({ method, url, headers, fields }, bytes, signal, told) => new Promise((done, fail) => {
    signal.throwIfAborted();
    const xhr = new XMLHttpRequest(), body = method === "PUT" ? bytes : new FormData();
    if (body !== bytes) for (const pair of [...fields, ["file", bytes]]) body.append(...pair);
    xhr.onloadend = () => (/^2/.test(xhr.status) ? done() : fail(Error()));
    xhr.upload.onprogress = ({ loaded }) => told(loaded);
    signal.addEventListener("abort", () => xhr.abort());
    xhr.open(method, url);
    for (const name in headers) xhr.setRequestHeader(name, headers[name]);
    xhr.send(body);
  });

  const sendPart = async (url, number, bytes, signal, told) => {
    for (let tried = 1; ; tried++) {
      try {
        return await send(await ask(`${url}/parts/${number}`, { signal }), bytes, signal, told);
      } catch (error) {
        if (signal.aborted || tried === TRIES || error.status === 404) throw error;
        told(0);
        await new Promise((wake) => setTimeout(wake, 500 * 2 ** tried));
      }
    }
  };

  // Sends what the storage does not have yet, a few parts at once, until it says that it has them all.
  const sendParts = async (file, url, { size, count }, signal, told) => {
    const cut = (number) => file.slice((number - 1) * size, number * size);
    const all = Array.from({ length: count }, (_, index) => index + 1);
    for (let round = 0; ; round++) {
      const { state, parts } = await ask(url, { method: "GET", signal }), gone = new Map();
      const missing = state === "pending" ? all.filter((number) => !parts.sent.includes(number)) : [];
      if (!missing.length) return;
      if (round === ROUNDS) throw Error();
      for (const number of parts.sent) gone.set(number, cut(number).size);
      const hear = (number, bytes) => told([...gone.set(number, bytes).values()].reduce((sum, one) => sum + one));
      const work = async () => {
        for (let number; (number = missing.shift());)
          await sendPart(url, number, cut(number), signal, hear.bind(null, number));
      };
      const ended = await Promise.allSettled(Array.from({ length: AT_ONCE }, () => work().catch((error) => {
        missing.length = 0;
        throw error;
      })));
      for (const { reason } of ended) if (reason) throw reason;
    }
  };

  return { ask, send, sendParts };
})();
