/* The rating card's script: keys 1-5, Ctrl-Z, and marks that are saved as they are made. The page is whole without it.

   A page shows one card, or a board of several side by side: each is a sheet, an element with its token, its address and
   its version (on a page of one card, the form itself), and is saved by itself.
   Each mark goes to the server on change. What the server has not confirmed stays in localStorage under the card's
   random token (and under nothing else), in order, is sent again under the same key with growing pauses, and
   survives a reload. Words come from the page (data-* of #saved), so that they are translated in one place. */
(() => {
  "use strict";
  const PREFIX = "prism:card:", KEYS_OFF = "prism:keys-off";
  const FIRST_PAUSE = 1000, LONGEST_PAUSE = 30000, PATIENCE = 10000, UNDO_FOR = 10000;
  const store = usableStorage();
  const held = new Set(); // tokens this person may not write: perhaps another person's, on a shared device
  let sending = null, timer = null, pause = FIRST_PAUSE, submitWhenBack = false, seen = 0, since = performance.now();
  const before = new WeakMap(); // question -> its answer as it was before the next one
  let last = null; // what Ctrl-Z takes back: an answer, or (without a question) a card just saved

  const form = () => document.getElementById("card-form");
  const sheets = () => [...document.querySelectorAll("[data-token]")];
  const sheetOf = (token) => sheets().find((sheet) => sheet.dataset.token === token);
  const version = (sheet) => sheet.querySelector("[data-version]");
  const saved = () => document.getElementById("saved");
  const questions = () => [...document.querySelectorAll("fieldset.question")];
  const marked = (question) => question.querySelector("input[type=radio]:checked");
  const reason = (question) => question.querySelector("[name^='reason-']");
  const answered = (question) => marked(question) && (marked(question).value !== "cannot" || reason(question).value);
  const answer = (question) => ({ value: marked(question)?.value ?? "", reason: reason(question)?.value ?? "" });
  const open = () => questions().filter((question) => !answered(question));
  const csrf = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? form()?.csrfmiddlewaretoken.value ?? "";
  const seconds = () => Math.min(86400, (seen + (document.hidden ? 0 : performance.now() - since)) / 1000).toFixed(1);

  function usableStorage() {
    try {
      localStorage.setItem("prism:probe", "1");
      localStorage.removeItem("prism:probe");
      return localStorage;
    } catch { // private mode: the queue lives as long as the page
      const kept = new Map();
      return {
        getItem: (name) => kept.get(name) ?? null, setItem: (name, value) => kept.set(name, value),
        removeItem: (name) => kept.delete(name), key: (index) => [...kept.keys()][index], get length() { return kept.size; },
      };
    }
  }

  // The queue: for each card {url, version, marks: [{criterion, value, reason, key, tried}]}, oldest mark first.
  function entry(token) {
    try {
      return JSON.parse(store.getItem(PREFIX + token)) || { marks: [] };
    } catch {
      return { marks: [] };
    }
  }
  function keep(token, value) {
    if (value.marks.length) store.setItem(PREFIX + token, JSON.stringify(value));
    else store.removeItem(PREFIX + token);
  }
  function waiting() {
    const names = Array.from({ length: store.length }, (_, index) => store.key(index));
    const tokens = names.filter((name) => name.startsWith(PREFIX)).map((name) => name.slice(PREFIX.length));
    return tokens.filter((token) => !held.has(token)).flatMap((token) => entry(token).marks.map((mark) => ({ token, mark })));
  }

  function show(state, told) {
    if (!saved()) return;
    const words = told ?? saved().dataset[state].replace("%n", Math.max(1, waiting().length));
    if (saved().dataset.state === state && saved().dataset.words === words) return;
    Object.assign(saved().dataset, { state, words });
    saved().textContent = words;
    if (state !== "signin") return;
    const { signinUrl: href, signinLink: textContent } = saved().dataset;
    saved().append(" ", Object.assign(document.createElement("a"), { href, target: "_blank", textContent }));
  }

  /* Sends one mark: "stored", "refused" and "held" settle it, "offline" and "signin" leave it in the queue. */
  async function send({ token, mark }) {
    const kept = entry(token), { url } = kept;
    mark.tried = true; // from now on it is only sent again as it is, under its key
    keep(token, { ...kept, marks: kept.marks.map((other) => (other.key === mark.key ? mark : other)) });
    const body = new URLSearchParams({ criterion: mark.criterion, value: mark.value, reason: mark.reason, key: mark.key, seconds: mark.seconds, version: kept.version });
    let answer, told = null;
    try {
      answer = await fetch(url, { method: "POST", body, redirect: "error", headers: { "X-CSRFToken": csrf() }, signal: AbortSignal.timeout(PATIENCE) });
      if (answer.headers.get("Content-Type")?.includes("json")) told = await answer.json();
    } catch {
      return "offline";
    }
    if (answer.status >= 500 || answer.status === 429 || answer.status === 408) return "offline";
    if (answer.status === 401 || !told) return "signin"; // without JSON: the form's token is of an earlier session
    const own = sheetOf(token);
    if (answer.status === 403 && !own) {
      held.add(token);
      return "held";
    }
    const now = entry(token);
    keep(token, { ...now, version: told.version ?? now.version, marks: now.marks.filter((other) => other.key !== mark.key) });
    if (own && answer.ok) version(own).value = told.version;
    if (!answer.ok) show("refused", told.detail);
    return answer.ok ? "stored" : "refused";
  }
  async function drain() {
    let refused = false;
    for (let queue = waiting(); queue.length; queue = waiting()) {
      if (!["offline", "signin"].includes(saved()?.dataset.state)) show("saving");
      const outcome = await send(queue[0]);
      refused ||= outcome === "refused";
      if (outcome !== "offline" && outcome !== "signin") continue;
      show(outcome);
      return again();
    }
    pause = FIRST_PAUSE;
    if (!refused && form()?.dataset.touched) show("saved");
    if (submitWhenBack) {
      submitWhenBack = false;
      form()?.requestSubmit();
    }
  }
  function flush() {
    clearTimeout(timer);
    sending ??= drain().finally(() => { sending = null; });
  }
  function again() {
    clearTimeout(timer);
    timer = setTimeout(flush, pause);
    pause = Math.min(pause * 2, LONGEST_PAUSE);
  }

  function mark(question) {
    const sheet = question.closest("[data-token]"), { token, markUrl: url } = sheet.dataset;
    form().dataset.touched = "yes";
    last = { question, was: before.get(question), at: performance.now() };
    before.set(question, answer(question));
    if (complete()) document.getElementById("save-why").textContent = "";
    if (!url || !answered(question)) return; // calibration is judged as a whole; "cannot judge" waits for its reason
    const criterion = question.dataset.criterion, value = marked(question).value;
    const key = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    const { version: known = version(sheet).value, marks } = entry(token);
    const earlier = marks.filter((other) => other.criterion !== criterion || other.tried);
    const made = { criterion, value, reason: value === "cannot" ? reason(question).value : "", key, seconds: seconds() };
    keep(token, { url, version: known, marks: [...earlier, made] });
    flush();
  }
  /* Takes the last answer back, or the way back to a card saved just now. What was stored of a first answer stays stored
     until the question is answered anew. */
  function undo() {
    if (!last || performance.now() - last.at > UNDO_FOR) return false;
    const { question, was } = last;
    last = null;
    if (!question) {
      document.querySelector(".card-foot a[data-back]")?.click();
      return true;
    }
    if (!question.isConnected) return false;
    const radio = question.querySelector(`input[type=radio][value="${CSS.escape(was?.value || "none")}"]`);
    if (radio) {
      radio.checked = true;
      if (reason(question)) reason(question).value = was.reason;
      mark(question);
      last = null;
    } else {
      const { token } = question.closest("[data-token]").dataset, now = entry(token), { criterion } = question.dataset;
      keep(token, { ...now, marks: now.marks.filter((other) => other.criterion !== criterion || other.tried) });
      if (marked(question)) marked(question).checked = false;
      before.set(question, answer(question));
      complete();
      if (saved()) show("undone");
    }
    (radio || question.querySelector("input[type=radio]")).focus();
    return true;
  }
  function complete() {
    const left = open().length;
    document.getElementById("save").classList.toggle("incomplete", left > 0);
    return left === 0;
  }

  /* Marks made before a reload and not yet stored go back onto their sheet. */
  function restore(sheet) {
    const { token } = sheet.dataset, now = entry(token);
    for (const made of now.marks) {
      const question = sheet.querySelector(`fieldset.question[data-criterion="${CSS.escape(made.criterion)}"]`);
      const radio = question?.querySelector(`input[type=radio][value="${CSS.escape(made.value)}"]`);
      if (radio) radio.checked = true;
      if (made.reason && question) reason(question).value = made.reason;
    }
    if (!now.marks.length) return;
    form().dataset.touched = "yes";
    if (!now.marks[0].tried) keep(token, { ...now, version: version(sheet).value });
  }
  /* A card has come onto the page. */
  function arrive() {
    if (!form()) return;
    document.documentElement.classList.add("scripted");
    sheets().forEach(restore);
    questions().forEach((question) => before.set(question, answer(question)));
    complete();
    [seen, since] = [0, performance.now()];
    document.getElementById("keys-on").checked = !store.getItem(KEYS_OFF);
    if (waiting().length) flush();
  }

  function onKey(event) {
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key === "z") return onUndo(event);
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.target.closest("textarea, select, input:not([type=radio])") || store.getItem(KEYS_OFF)) return;
    if (!form()) return goOn(event);
    if (event.key === "?") document.getElementById("cheat-sheet").showModal();
    else if (event.key === "Enter" && !event.target.closest("a, button, summary")) form().requestSubmit();
    else if (/^[1-9]$/.test(event.key)) {
      const all = questions(), question = event.target.closest("fieldset.question") ?? open()[0] ?? all[0];
      const radio = question.querySelector(`input[type=radio][value="${event.key}"]`);
      if (!radio) return;
      radio.checked = true;
      mark(question);
      const next = all.slice(all.indexOf(question) + 1).find((candidate) => !answered(candidate)) ?? open()[0];
      (next?.querySelector("input[type=radio]") ?? document.getElementById("save")).focus();
    } else return;
    event.preventDefault();
  }

  function onUndo(event) {
    if (event.target.closest("textarea, input:not([type=radio])") || document.querySelector("dialog[open]")) return;
    if (form() && !store.getItem(KEYS_OFF) && undo()) event.preventDefault();
  }

  /* After feedback, Enter goes on; an Enter still held down from the card before would skip it unread. */
  function goOn(event) {
    if (event.key !== "Enter" || event.repeat || event.target.closest("a, button, summary")) return;
    event.preventDefault();
    document.querySelector("a#save")?.click();
  }

  document.addEventListener("keydown", onKey);
  document.addEventListener("change", ({ target }) => {
    if (target.id === "keys-on" && target.checked) store.removeItem(KEYS_OFF);
    else if (target.id === "keys-on") store.setItem(KEYS_OFF, "1");
    else if (target.closest("fieldset.question")) mark(target.closest("fieldset.question"));
  });
  document.addEventListener("click", ({ target }) => {
    if (target.closest("[data-opens]")) document.getElementById(target.closest("[data-opens]").dataset.opens).showModal();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) seen += performance.now() - since;
    else since = performance.now();
    if (!document.hidden && (waiting().length || submitWhenBack)) flush(); // back from signing in, perhaps
  });
  window.addEventListener("online", () => { pause = FIRST_PAUSE; if (waiting().length || submitWhenBack) flush(); });
  window.addEventListener("beforeunload", (event) => { if (waiting().length || submitWhenBack) event.preventDefault(); });

  // Save & next: never with an open question, never while a mark is under way (it could overtake this one).
  document.addEventListener("submit", (event) => {
    if (event.target !== form()) return;
    form().seconds.value = seconds();
    if (complete()) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const why = document.getElementById("save-why");
    why.textContent = why.dataset.text.replace("%n", open().length);
    open()[0].querySelector("input").focus();
  }, true);
  document.addEventListener("htmx:confirm", (event) => {
    if (event.target !== form() || !sending) return;
    event.preventDefault();
    sending.finally(() => event.detail.issueRequest(true));
  });
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.target !== form()) return;
    Object.assign(event.detail.parameters, { csrfmiddlewaretoken: csrf(), seconds: seconds() });
    for (const { name, value } of form().querySelectorAll("[data-version]")) event.detail.parameters[name] = value;
    show("saving");
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr } = event.detail; // our own refusals are shown; Django's, of a token from an earlier session, is not ours
    if (xhr.status === 403 && xhr.responseText.includes('id="card"')) event.detail.shouldSwap = true;
    else if (xhr.status === 403 || xhr.status === 401) show("signin");
  });
  document.addEventListener("htmx:afterRequest", ({ detail: { elt, successful, xhr } }) => {
    if (elt.id !== "card-form") return;
    if (successful) for (const { dataset } of [elt, ...elt.querySelectorAll("[data-token]")]) if (dataset.token) keep(dataset.token, { marks: [] });
    if (xhr.status && xhr.status < 500) return;
    submitWhenBack = true;
    show("offline");
    again();
  });
  document.addEventListener("htmx:afterSettle", () => {
    arrive();
    last = document.querySelector("#card .errors") ? null : { at: performance.now() };
    (document.querySelector("#card .errors") ?? document.getElementById("card-heading"))?.focus();
  });
  document.addEventListener("DOMContentLoaded", arrive);
})();
