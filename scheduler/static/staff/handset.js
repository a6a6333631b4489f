// New texts appear by themselves, and a link opens in a window of a phone's size. Without this, the page is reloaded.
const EVERY = 4000;
const list = document.querySelector("[data-phones]");

const same = (mine, theirs, part) =>
  mine.querySelector(part).innerHTML === theirs.querySelector(part).innerHTML;

// Only what changed is changed, so that what someone is typing on another phone stays.
const take = (page) => {
  const old = new Map([...list.children].map((phone) => [phone.dataset.phone, phone]));
  for (const theirs of page.querySelectorAll("[data-phone]")) {
    const mine = old.get(theirs.dataset.phone);
    if (!mine) {
      document.querySelector(".empty")?.remove();
      list.prepend(document.importNode(theirs, true));
      continue;
    }
    for (const part of ["[data-screen]", "[data-coming]"]) {
      if (same(mine, theirs, part)) continue;
      mine.querySelector(part).replaceChildren(...document.importNode(theirs, true).querySelector(part).childNodes);
      if (part === "[data-screen]") mine.querySelector(".texts > li:last-child")?.classList.add("fresh");
    }
  }
  const clock = page.querySelector("[data-clock]");
  if (clock) document.querySelector("[data-clock]").textContent = clock.textContent;
};

const look = async () => {
  if (document.hidden) return;
  try {
    const answer = await fetch("/handset/", { cache: "no-store", redirect: "error" });
    if (answer.ok) take(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    // No network, or signed out: what is there stays.
  }
};
setInterval(look, EVERY);

addEventListener("click", (event) => {
  const link = event.target.closest("a[data-open]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || innerWidth < 800) return;
  event.preventDefault();
  open(link.href, "_blank", "popup,width=390,height=800,noopener,noreferrer");
});
