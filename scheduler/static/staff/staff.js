// Makes staff pages quicker. Everything works without it.
const page = document.documentElement;
page.classList.add("js");

// "/" goes to the search box, unless something is being typed.
addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const box = document.querySelector("[data-find]");
    if (box) {
      event.preventDefault();
      box.focus();
      box.select();
    }
  }
});

// Choosing a place or a day shows it at once.
for (const form of document.querySelectorAll("[data-choose]")) {
  form.addEventListener("change", () => form.requestSubmit());
}

// A form is sent once, however often its button is pressed.
addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || form.matches("[role=search]")) return;
  if (form.dataset.sent) event.preventDefault();
  else form.dataset.sent = "yes";
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// The line of the present moves down the board, a row every five minutes.
const board = document.querySelector("[data-board]");
if (board) {
  const lines = [...board.querySelectorAll(".now")];
  if (lines.length) {
    const row = Number(/\br(\d+)\b/.exec(lines[0].className)[1]);
    const since = Date.now();
    lines[0].scrollIntoView({ block: "center", inline: "nearest" });
    scrollTo(0, 0);
    setInterval(() => {
      const at = row + Math.floor((Date.now() - since) / 300000);
      for (const line of lines) line.style.gridRowStart = at;
    }, 30000);
  }
  if (location.hash) document.querySelector(location.hash)?.scrollIntoView({ block: "center" });
}

// Who fits, while the name is being typed, where a client's page is what is looked for. It goes in the body of a request:
// a name is never in an address.
const box = document.querySelector("[data-find][name=q]");
if (box) {
  const form = box.form;
  const pop = document.createElement("div");
  pop.className = "pop";
  form.append(pop);
  let wait, asked = 0;

  const look = async () => {
    const number = ++asked;
    const typed = box.value.trim();
    if (typed.length < 2) return pop.replaceChildren();
    try {
      const answer = await fetch("/reception/clients/hits", { method: "POST", body: new FormData(form), cache: "no-store" });
      if (!answer.ok || answer.redirected || number !== asked) return;
      const found = new DOMParser().parseFromString(await answer.text(), "text/html");
      pop.replaceChildren(...found.body.children);
    } catch {
      pop.replaceChildren(); // no network: the button still says so
    }
  };
  box.addEventListener("input", () => {
    clearTimeout(wait);
    wait = setTimeout(look, 180);
  });
  form.addEventListener("keydown", (event) => {
    const links = [...pop.querySelectorAll("a")];
    const at = links.indexOf(document.activeElement);
    if (event.key === "Escape") {
      pop.replaceChildren();
      box.focus();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && links.length) {
      event.preventDefault();
      const next = event.key === "ArrowDown" ? at + 1 : at - 1;
      (links[next] ?? box).focus();
    }
  });
  addEventListener("click", (event) => {
    if (!form.contains(event.target)) pop.replaceChildren();
  });
}
