(() => {
  "use strict";
  const claims = [...document.querySelectorAll("details.claim")];
  const tools = document.getElementById("tools");
  const statuses = ["proved", "refuted", "unknown", "vacuous", "error"];
  const make = (name, properties, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };

  // A claim is found by what its line says, by its id, and by its file.
  let texts = null;
  const textOf = (index) => {
    texts ??= claims.map((c) => `${c.firstElementChild.textContent} ${c.id}`.toLowerCase());
    return texts[index];
  };
  const families = [...document.querySelectorAll("details.family")];
  const files = [...document.querySelectorAll("section.file")];
  const chosen = new Set();
  const search = make("input", { type: "search", id: "search", placeholder: "Search claims  ( / )", autocomplete: "off" });
  search.setAttribute("aria-label", "Search claims");
  const count = make("span", { className: "count" });
  count.setAttribute("role", "status");

  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const asked = words.length > 0 || chosen.size > 0;
    let shown = 0;
    claims.forEach((claim, index) => {
      const fits =
        (chosen.size === 0 || [...chosen].some((c) => claim.classList.contains(c))) &&
        (words.length === 0 || words.every((word) => textOf(index).includes(word)));
      claim.hidden = !fits;
      shown += fits;
    });
    for (const group of [...families, ...files]) {
      group.hidden = asked && !group.querySelector("details.claim:not([hidden])");
    }
    if (asked && shown <= 200) {
      for (const family of families) family.open ||= !family.hidden;
    }
    count.textContent = asked ? `${shown.toLocaleString("en")} of ${claims.length.toLocaleString("en")} claims` : "";
  };

  const button = (words, pressed, act) => {
    const made = make("button", { type: "button" }, words);
    if (pressed !== null) made.setAttribute("aria-pressed", String(pressed));
    made.addEventListener("click", () => act(made));
    return made;
  };
  const chip = (name, words) => {
    const made = button(words, false, () => {
      const on = !chosen.has(name);
      if (on) chosen.add(name);
      else chosen.delete(name);
      made.setAttribute("aria-pressed", String(on));
      filter();
    });
    made.classList.add("chip", name);
    return made;
  };
  const openAll = (open) => {
    const all = [...claims.filter((c) => !c.hidden), ...families.filter((f) => !f.hidden)];
    for (const one of all) one.open = open;
  };

  if (claims.length > 1) {
    const chips = statuses
      .map((name) => [name, claims.filter((c) => c.classList.contains(name)).length])
      .filter(([, number]) => number > 0)
      .map(([name, number]) => chip(name, `${number.toLocaleString("en")} ${name}`));
    if (claims.some((c) => c.classList.contains("surprise"))) chips.push(chip("surprise", "not as expected"));
    const group = make("span", { className: "chips" }, ...chips);
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", "Show only");
    const ends = make("span", { className: "ends" }, button("Open all", null, () => openAll(true)), button("Close all", null, () => openAll(false)));
    tools.append(search, group, ends, count);
    search.addEventListener("input", filter);
    document.addEventListener("keydown", (event) => {
      if (event.key === "/" && !(event.target instanceof HTMLInputElement)) {
        event.preventDefault();
        search.focus();
      } else if (event.key === "Escape" && event.target === search) {
        search.value = "";
        filter();
      }
    });
  }

  // A link to a claim opens it, and the family that it is in.
  const follow = () => {
    let name = location.hash.slice(1);
    try {
      name = decodeURIComponent(name);
    } catch {
      return;
    }
    const target = name && document.getElementById(name);
    if (!target) return;
    for (let one = target; one; one = one.parentElement) {
      if (one instanceof HTMLDetailsElement) one.open = true;
      one.hidden = false;
    }
    target.scrollIntoView();
  };
  addEventListener("hashchange", follow);
  follow();

  // What is printed is printed whole.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const one of closed) one.open = true;
  });
  addEventListener("afterprint", () => {
    for (const one of closed) one.open = false;
  });
})();
