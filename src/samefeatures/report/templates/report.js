"use strict";
// Without this script the page shows all tables, one below the other, with plain titles as details.
(() => {
  const data = JSON.parse(document.getElementById("views").textContent);
  const panels = [...document.querySelectorAll(".panel")];
  const tabs = [...document.querySelectorAll("#methods a")];
  const buttons = [...document.querySelectorAll("#metrics button")];
  const tip = document.getElementById("details");
  document.documentElement.classList.add("js");

  // Steps along a list by the arrow keys; null for any other key.
  const step = (key, place, length) =>
    ({ ArrowRight: (place + 1) % length, ArrowLeft: (place + length - 1) % length, Home: 0, End: length - 1 })[key] ?? null;

  // Tabs: one method at a time.
  const select = (chosen, focus) => {
    tabs.forEach((tab, i) => {
      tab.setAttribute("aria-selected", String(i === chosen));
      tab.tabIndex = i === chosen ? 0 : -1;
      panels[i].hidden = i !== chosen;
    });
    hide();
    if (focus) tabs[chosen].focus();
  };
  document.getElementById("methods").setAttribute("role", "tablist");
  tabs.forEach((tab, i) => {
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", panels[i].id);
    panels[i].setAttribute("role", "tabpanel");
    panels[i].setAttribute("aria-labelledby", tab.id);
    tab.addEventListener("click", (event) => { event.preventDefault(); select(i, true); });
    tab.addEventListener("keydown", (event) => {
      const next = event.key === " " ? i : step(event.key, i, tabs.length);
      if (next === null) return;
      event.preventDefault();
      select(next, true);
    });
  });

  // What the cells show.
  const show = (metric) => {
    buttons.forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.metric === metric)));
    panels.forEach((panel) => {
      const view = data.methods[panel.dataset.method][metric];
      panel.querySelector(".says").textContent = data.says[metric];
      panel.querySelectorAll(".grid tbody td").forEach((cell, i) => {
        const [large, small, shade] = view[i];
        cell.querySelector(".large").textContent = large;
        cell.querySelector(".small").textContent = small;
        cell.className = cell.className.replace(/^s\d+/, `s${shade}`);
      });
    });
  };
  document.getElementById("metrics").hidden = false;
  buttons.forEach((button) => button.addEventListener("click", () => show(button.dataset.metric)));

  // Details of the cell under the pointer or in focus.
  let explained = null;
  const hide = () => { tip.hidden = true; };
  const explain = (cell) => {
    explained = cell;
    const [heading, ...lines] = cell.dataset.details.split("\n");
    const title = document.createElement("b");
    title.textContent = heading;
    const list = document.createElement("dl");
    lines.forEach((line) => {
      const cut = line.indexOf(": ");
      const term = document.createElement("dt");
      const value = document.createElement("dd");
      term.textContent = cut < 0 ? line : line.slice(0, cut);
      value.textContent = cut < 0 ? "" : line.slice(cut + 2);
      list.append(term, value);
    });
    tip.replaceChildren(title, list);
    tip.hidden = false;
    const at = cell.getBoundingClientRect();
    const room = { width: document.documentElement.clientWidth, height: window.innerHeight };
    const left = at.left + at.width / 2 - tip.offsetWidth / 2;
    const below = at.bottom + 8;
    const fits = below + tip.offsetHeight + 8 <= room.height;
    tip.style.left = `${Math.max(8, Math.min(left, room.width - tip.offsetWidth - 8))}px`;
    tip.style.top = `${fits ? below : Math.max(8, at.top - tip.offsetHeight - 8)}px`;
  };

  // One tab stop per table; the arrow keys walk its cells, and those of the rows under it.
  document.querySelectorAll(".grid").forEach((table) => {
    const body = [...table.tBodies[0].rows, ...(table.tFoot?.rows ?? [])];
    const rows = body.map((row) => [...row.querySelectorAll("td")]).filter((row) => row.length);
    const enter = (cell) => {
      table.querySelector('td[tabindex="0"]').tabIndex = -1;
      cell.tabIndex = 0;
      cell.focus();
    };
    table.setAttribute("role", "grid");
    rows.forEach((row, i) => row.forEach((cell, j) => {
      cell.dataset.details = cell.title || "not scored";
      cell.removeAttribute("title");
      cell.tabIndex = i + j ? -1 : 0;
      cell.addEventListener("mouseenter", () => explain(cell));
      cell.addEventListener("mouseleave", hide);
      cell.addEventListener("focus", () => { cell.setAttribute("aria-describedby", "details"); explain(cell); });
      cell.addEventListener("blur", () => { cell.removeAttribute("aria-describedby"); hide(); });
      cell.addEventListener("click", () => enter(cell));
      cell.addEventListener("keydown", (event) => {
        if (event.key === "Escape") { hide(); return; }
        const down = { ArrowDown: 1, ArrowUp: -1 }[event.key] ?? 0;
        const across = down ? j : step(event.key, j, row.length);
        if (across === null) return;
        event.preventDefault();
        const target = rows[i + down]?.[across];
        if (target) enter(target);
      });
    }));
  });
  // Focus itself may scroll a cell into view: then the details go along with it.
  const follow = () => {
    if (tip.hidden) return;
    if (explained.matches(":hover, :focus")) explain(explained); else hide();
  };
  window.addEventListener("scroll", follow, { passive: true, capture: true });

  // Galleries: filtered by direction, kind and class; the arrow keys walk the images.
  document.querySelectorAll(".gallery").forEach((gallery) => {
    const form = gallery.querySelector(".filters");
    const items = [...gallery.querySelectorAll(".thumbs li")];
    const choices = [...form.querySelectorAll("select")];
    const shown = () => items.filter((item) => !item.hidden);
    const mark = (item) => items.forEach((other) => { other.tabIndex = other === item ? 0 : -1; });
    const filter = () => {
      items.forEach((item) => {
        item.hidden = choices.some((c) => c.value !== "" && item.dataset[c.dataset.key] !== c.value);
      });
      form.querySelector("output").textContent = `${shown().length} shown`;
      mark(shown()[0]);
    };
    form.hidden = false;
    form.addEventListener("submit", (event) => event.preventDefault());
    choices.forEach((choice) => choice.addEventListener("change", filter));
    items.forEach((item) => item.addEventListener("keydown", (event) => {
      const there = shown();
      const wide = there.filter((other) => other.offsetTop === there[0].offsetTop).length;
      const place = there.indexOf(item);
      const next = { ArrowRight: place + 1, ArrowLeft: place - 1, ArrowDown: place + wide, ArrowUp: place - wide, Home: 0, End: there.length - 1 }[event.key];
      if (next === undefined) return;
      event.preventDefault();
      const target = there[Math.max(0, Math.min(next, there.length - 1))];
      mark(target);
      target.focus();
    }));
    filter();
  });

  const wanted = panels.findIndex((panel) => `#${panel.id}` === location.hash);
  if (tabs.length) select(Math.max(wanted, 0), false);
})();
