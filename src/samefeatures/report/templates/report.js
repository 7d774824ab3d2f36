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
  document.getElementById("methods")?.setAttribute("role", "tablist");
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

  // What the cells show; in the order of the study, however they are sorted.
  const cellsOf = new Map(panels.map((panel) => [panel, [...panel.querySelectorAll(".grid tbody td")]]));
  const show = (metric) => {
    buttons.forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.metric === metric)));
    panels.forEach((panel) => {
      const view = data.methods[panel.dataset.method][metric];
      panel.querySelector(".says").textContent = data.says[metric];
      cellsOf.get(panel).forEach((cell, i) => {
        const [large, small, shade] = view[i];
        cell.querySelector(".large").textContent = large;
        cell.querySelector(".small").textContent = small;
        cell.className = cell.className.replace(/^s\d*/, `s${shade ?? ""}`);
      });
      resort(panel.querySelector(".grid"));
    });
  };
  if (buttons.length) document.getElementById("metrics")?.removeAttribute("hidden");
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
    const cellsNow = () => [...table.tBodies[0].rows, ...(table.tFoot?.rows ?? [])]
      .map((row) => [...row.querySelectorAll("td")]).filter((row) => row.length);
    const enter = (cell) => {
      table.querySelector('td[tabindex="0"]').tabIndex = -1;
      cell.tabIndex = 0;
      cell.focus();
    };
    table.setAttribute("role", "grid");
    cellsNow().forEach((row, first) => row.forEach((cell, j) => {
      cell.dataset.details = cell.title || "not scored";
      cell.removeAttribute("title");
      cell.tabIndex = first + j ? -1 : 0;
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
        const rows = cellsNow();
        const target = rows[rows.findIndex((other) => other.includes(cell)) + down]?.[across];
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

  // What a cell says, as a number where it is one.
  const textOf = (cell) => (cell.querySelector(".large") ?? cell).textContent.trim().replace(/[ \t\n]+/g, " ");
  const plainOf = (text) => text.replace(/−/g, "-").replace(/(?<=\d)[\u202f,](?=\d{3})/g, "");
  const numberOf = (text) => {
    const found = /^[+-]?\d+(\.\d+)?(e[+-]?\d+)?(?=$|[^\w.])/i.exec(plainOf(text).replace(/^< /, ""));
    return found ? Number(found[0]) : null;
  };

  // Heads sort the rows: the greatest first, then the least, then as they were.
  const orders = new Map();
  const resort = (table) => {
    const { column, way, rows } = orders.get(table) ?? {};
    if (!rows) return;
    const keyed = rows.map((row) => [row, textOf(row.cells[column])]);
    const compare = ([, a], [, b]) => {
      const [x, y] = [numberOf(a), numberOf(b)];
      if (x !== null && y !== null) return way * (x - y);
      if (x !== null || y !== null) return x === null ? 1 : -1; // what is missing comes last
      return -way * a.localeCompare(b);
    };
    if (way) keyed.sort(compare);
    table.tBodies[0].append(...keyed.map(([row]) => row));
  };
  document.querySelectorAll(".scroll > table").forEach((table) => {
    const heads = [...table.querySelectorAll("thead th[scope=col]")];
    if (!heads.length || table.closest(".venn") || table.tBodies[0].rows.length < 2) return;
    orders.set(table, { column: 0, way: 0, rows: [...table.tBodies[0].rows] });
    const shift = table.classList.contains("grid") ? 1 : 0;
    heads.forEach((head, place) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const order = orders.get(table);
        const column = place + shift;
        order.way = order.column === column ? { 0: -1, "-1": 1, 1: 0 }[order.way] : -1;
        order.column = column;
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        if (order.way) head.setAttribute("aria-sort", order.way < 0 ? "descending" : "ascending");
        resort(table);
      });
    });
  });

  // Tables as files, made here: what is shown, in the order in which it is.
  const quoted = (text) => {
    const plain = plainOf(text);
    const safe = /^[=+\-@\t\r\n]/.test(plain) && numberOf(plain) === null ? `'${plain}` : plain;
    return /[",\r\n]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
  };
  const save = (name, text) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    link.download = name;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  const lines = (table) => {
    const grid = table.classList.contains("grid");
    const heads = [...table.querySelectorAll("thead th[scope=col]")].map((head) => head.title || textOf(head));
    const rows = [...table.tBodies[0].rows].map((row) => [...row.cells].map(textOf));
    return [grid ? ["source", ...heads] : heads, ...rows].map((row) => row.map(quoted).join(",")).join("\n") + "\n";
  };
  const offer = (place, label, name, text) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "save";
    button.textContent = label;
    button.addEventListener("click", () => save(name, text()));
    place.append(button);
  };
  orders.forEach((_, table) => {
    const place = document.createElement("div");
    place.className = "saves";
    table.parentElement.after(place);
    const panel = table.closest(".panel");
    const grid = table.classList.contains("grid");
    const section = table.closest("section[aria-labelledby]") ?? table.closest("section");
    const slug = panel ? panel.dataset.method : section.getAttribute("aria-labelledby") ?? "table";
    offer(place, "This table as CSV", `${slug}${panel && !grid ? "_pairs" : ""}.csv`, () => lines(table));
    if (panel && grid) offer(place, "All numbers of all methods as CSV", "results.csv", () => data.cells);
  });

  // A table that fits its card needs no window of its own: its heads stay at the top of the page.
  const room = new ResizeObserver((entries) => entries.forEach(({ target }) => {
    const table = target.querySelector("table");
    target.classList.toggle("fits", table.offsetWidth <= target.clientWidth);
  }));
  document.querySelectorAll(".scroll").forEach((box) => room.observe(box));

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
