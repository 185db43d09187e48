// The search, the definitions of terms, the links to copy. From a folder, too: the index is a script, nothing is fetched.
{
  const form = document.querySelector("form.search");
  const box = form.querySelector("input");
  const panel = form.querySelector(".found");
  const page = document.querySelector("main .found-all"); // on the page of the search
  const root = document.documentElement.dataset.content_root ?? "./";

  const make = (name, properties = {}, children = []) => {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  };

  let later;
  const say = (text, wait = 0) => {
    clearTimeout(later);
    later = setTimeout(() => nudge.say(text), wait);
  };

  // ------------------------------------------------------------ reading: one way for the book and for what is typed

  const GREEK = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma sigma tau upsilon phi chi psi omega".split(" ");
  const HAT = /\u0302/g, MARKS = /[\u0300-\u036f]/g, SCRIPT = /[\^_]\s*[({]([^(){}]*)[)}]/g;

  // w²₁₂, w^2_{12} and w_212 are w212; ∂L/∂z and dL/dz are dl/dz; δ is delta, ŷ is yhat.
  const plain = (text) => {
    text = text.replace(/\\[td]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}/g, "$1/$2").replace(/\\pd\s*\{([^{}]*)\}\s*\{([^{}]*)\}/g, "d$1/d$2")
      .replace(/\\hat\s*\{?(\p{L})\}?/gu, "$1\u0302").replace(/\\partial\s*/g, "d");
    text = text.normalize("NFKD").toLowerCase().replace(HAT, "hat").replace(MARKS, "");
    text = text.replace(/[α-ω]/g, (letter) => GREEK[letter.charCodeAt(0) - 0x3b1]).replace(/∂/g, "d");
    for (let before; before !== text;) [before, text] = [text, text.replace(SCRIPT, "$1")];
    return text.replace(/[\^_{}\\]/g, "");
  };
  const WORDS = /d[a-z\d]+\/d[a-z\d]+|\d+\.\d+|[\p{L}\p{N}]+/gu;
  const words = (text) => plain(text).match(WORDS) ?? [];

  // ------------------------------------------------------------ the index, read once

  let index, loading;
  const load = () => loading ??= new Promise((resolve, reject) => {
    const script = make("script", { src: `${root}_static/find-index.js` });
    script.onload = () => resolve(index = read(window.findIndex));
    script.onerror = reject;
    document.head.append(script);
  });

  const HEADING = 4, TITLE = 2, SENTENCE = 1, KINDS = { "": 1, code: 0.8, notebook: 0.7, exercise: 0.6 };
  const SMALL = new Set("a an and are does for how in is of on or the to what which why with".split(" "));

  const read = (pages) => {
    const places = [], texts = [], told = [], holders = new Map(); // a word's holders: text, weight, place
    const hold = (text, weight, place) => {
      const all = words(text);
      for (const word of new Set(all)) {
        if (!holders.has(word)) holders.set(word, []);
        holders.get(word).push({ text: texts.length, weight, place });
      }
      texts.push(text);
      told.push(` ${all.join(" ")} `);
    };
    for (const [address, title, kind, entries] of pages) {
      const first = places.length;
      for (const [anchor, heading, lines] of entries) {
        const place = places.length, sentences = lines ? lines.split("\n") : [];
        const what = anchor.startsWith("ex-") ? "exercise" : kind;
        places.push({ address: address + (anchor && `#${anchor}`), title, heading, kind: what, first, last: first + entries.length, sentences });
        if (place === first) hold(title, heading ? TITLE : HEADING, place);
        if (heading) hold(heading, HEADING, place);
        for (const sentence of sentences) hold(sentence, SENTENCE, place);
      }
    }
    return { places, texts, told, holders };
  };

  // How well a word of the book answers a word that was typed: 0 to 1.
  const fit = (typed, word) => {
    if (word === typed) return 1;
    if (typed.length > 3 && typed.endsWith("s") && word === typed.slice(0, -1)) return 0.95;
    if (!word.startsWith(typed)) return 0;
    if (/^(\d+|[ijkl]|l\d*|l[ijk]+)$/.test(word.slice(typed.length))) return 0.85; // dZ answers with dZ², w with w₁
    return typed.length > 2 ? 0.3 + 0.4 * typed.length / word.length : 0;
  };

  // The nearest word of the book, for one that it does not hold.
  const nearest = (typed) => {
    let best, least = typed.length > 7 ? 3 : 2;
    for (const [word, held] of index.holders) {
      if (Math.abs(word.length - typed.length) >= least || word[0] !== typed[0]) continue;
      let row = Array.from({ length: word.length + 1 }, (_, j) => j);
      for (let i = 1; i <= typed.length; i++) {
        const next = [i];
        for (let j = 1; j <= word.length; j++) next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (typed[i - 1] !== word[j - 1]));
        row = next;
      }
      const far = row.at(-1);
      if (far < least || (far === least && best && held.length > index.holders.get(best).length)) [best, least] = [word, far];
    }
    return best;
  };

  const answers = (typed) => {
    const found = new Map(); // each text that holds one of the fitting words, and how well
    for (const [word, held] of index.holders) {
      const quality = fit(typed, word);
      if (quality) for (const one of held) if (!(found.get(one.text)?.quality >= quality)) found.set(one.text, { ...one, quality });
    }
    return found;
  };

  const search = (query) => {
    const all = [...new Set(words(query))], large = all.filter((word) => !SMALL.has(word));
    const typed = large.length ? large : all, instead = [], sets = typed.map(answers);
    sets.forEach((set, i) => {
      const other = set.size ? undefined : nearest(typed[i]);
      if (other) { instead.push([typed[i], other]); typed[i] = other; sets[i] = answers(other); }
    });
    const wanted = typed.join(" ");
    const scores = new Map();
    sets.forEach((set, i) => {
      for (const { text, weight, place, quality } of set.values()) {
        const { first, last } = index.places[place]; // a page's title counts for all that stands in it
        for (let at = place; at < (place === first ? last : place + 1); at += weight === SENTENCE ? last : 1) {
          if (!scores.has(at)) scores.set(at, { at, best: typed.map(() => 0), hits: typed.map(() => 0), texts: new Map() });
          const score = scores.get(at);
          score.best[i] = Math.max(score.best[i], quality * (at === place ? weight : TITLE / 2));
          score.hits[i] += 1;
          if (weight === SENTENCE) score.texts.set(text, (score.texts.get(text) ?? 0) + quality);
        }
      }
    });
    const some = [...scores.values()];
    const whole = some.filter((score) => score.best.every(Boolean));
    const results = (whole.length ? whole : some).map((score) => {
      const { title, heading, kind, sentences } = index.places[score.at];
      let value = score.best.reduce((sum, best, i) => sum + best + 0.25 * Math.log2(1 + score.hits[i]), 0);
      let sentence, most = 0;
      for (const [text, fits] of score.texts) {
        const told = index.told[text]; // what a sentence begins with it explains
        const worth = fits + (told.includes(` ${wanted} `)) + 1.3 * told.startsWith(` ${wanted}`) + 0.5 * index.texts[text].includes(query.trim());
        if (worth > most) [sentence, most] = [index.texts[text], worth];
      }
      const name = words((heading || title).replace(/^[\d.]+ /, "")).join(" ");
      if (name === wanted) value += 6;
      else if (` ${name} `.includes(` ${wanted} `)) value += 2;
      value = (value + 1.5 * most) * KINDS[kind];
      return { ...index.places[score.at], value, sentence: sentence ?? sentences[0] ?? "" };
    });
    results.sort((a, b) => b.value - a.value);
    return { typed, results, instead, partial: whole.length === 0 && typed.length > 1 };
  };

  // ------------------------------------------------------------ showing

  const AROUND = 160;

  // A text with the places marked that answer.
  const marked = (text, typed, cut) => {
    const pieces = text.split(/(\s+|(?<=\S)[.,;:!?”]+(?=\s|$))/).map((piece) => ({
      piece, hit: words(piece).some((word) => typed.some((one) => fit(one, word) > 0)),
    }));
    const first = pieces.findIndex(({ hit }) => hit);
    let from = 0, to = pieces.length;
    if (cut && text.length > AROUND && first >= 0) {
      for (let left = 0; first - left > 0 && left < 16; left++) from = first - left;
      if (from < 4) from = 0;
      for (let length = 0, i = from; i < pieces.length; i++) { length += pieces[i].piece.length; if (length > AROUND) { to = i; break; } }
      to = Math.max(to, first + 1);
    }
    const shown = pieces.slice(from, to).map(({ piece, hit }) => hit ? make("mark", { textContent: piece }) : piece);
    return [...(from ? ["… "] : []), ...shown, ...(to < pieces.length ? [" …"] : [])];
  };

  const line = ({ address, title, heading, sentence, kind }, typed) => {
    const where = heading ? [...marked(title, typed), " › ", ...marked(heading, typed)] : marked(title, typed);
    const link = make("a", { href: root + address }, [
      make("span", { className: "where" }, where),
      make("span", { className: "sentence" }, marked(sentence, typed, true)),
    ]);
    return make("li", {}, [link]);
  };

  const show = async () => {
    const query = box.value, list = page ?? panel, most = page ? 50 : 8;
    if (!/\S/.test(query)) { list.replaceChildren(); panel.hidden = true; say(""); return; }
    try { await load(); } catch { say(tr("The index of the search could not be loaded.")); return; }
    if (query !== box.value) return;
    const { typed, results, instead, partial } = search(query);
    const shown = results.slice(0, most);
    const told = shown.length === 0 ? nudge.filled(tr("Nothing in the book holds “{query}”."), { query })
      : [...instead.map(([one, other]) => nudge.filled(tr("Nothing holds “{one}”; shown is “{other}”."), { one, other })), ...(partial ? [tr("No place holds all of it; these hold some.")] : []),
        nudge.filled(results.length > most ? tr("{n} places, the first {most} shown.") : results.length === 1 ? tr("1 place.") : tr("{n} places."), { n: results.length, most })].join(" ");
    const note = shown.length === 0 || instead.length || partial ? [make("p", { textContent: told })] : [];
    list.replaceChildren(...note, ...(shown.length ? [make("ol", {}, shown.map((one) => line(one, typed)))] : []));
    if (!page) {
      if (results.length > most) list.append(make("p", {}, [make("a", { href: `${form.action}?q=${encodeURIComponent(query)}`, textContent: nudge.filled(tr("All {n} places"), { n: results.length }) })]));
      panel.hidden = false;
    }
    say(told, 500);
  };

  const close = () => { panel.hidden = true; };
  box.addEventListener("input", show);
  form.addEventListener("focusout", (event) => { if (event.relatedTarget && !form.contains(event.relatedTarget)) close(); });
  document.addEventListener("pointerdown", (event) => { if (!form.contains(event.target)) close(); });

  const step = (event) => {
    const links = [...(page ?? panel).querySelectorAll("a")], here = links.indexOf(document.activeElement);
    if (event.key === "Escape" && !panel.hidden) { close(); box.focus(); event.preventDefault(); }
    if (event.key === "ArrowDown" && !page && panel.hidden) { event.preventDefault(); show(); return; }
    if (!["ArrowDown", "ArrowUp"].includes(event.key) || links.length === 0) return;
    if (here < 0 && (document.activeElement !== box || event.key === "ArrowUp")) return;
    const next = here + (event.key === "ArrowDown" ? 1 : -1);
    (next < 0 ? box : links[Math.min(next, links.length - 1)]).focus();
    event.preventDefault();
  };
  form.addEventListener("keydown", step);
  page?.addEventListener("keydown", step);

  // The stroke leads to the box; who does not want a key by itself to do anything turns it off on the page of the search.
  const wanted = () => { try { return localStorage.getItem("stroke") !== "off"; } catch { return true; } };
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || !wanted()) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    event.preventDefault();
    box.focus();
    box.select();
  });
  if (page) {
    const stroke = document.querySelector("main input[name=stroke]");
    stroke.checked = wanted();
    stroke.addEventListener("change", () => { try { localStorage.setItem("stroke", stroke.checked ? "on" : "off"); } catch { /* for this page only */ } });
    box.value = new URLSearchParams(location.search).get("q") ?? "";
    addEventListener("DOMContentLoaded", show); // nudge.js, which says what was found, comes after this script
  }

  // ------------------------------------------------------------ terms: the glossary's words on hover, focus and tap

  let open;
  const hide = () => { open?.definition.hidePopover(); delete open?.definition.dataset.told; open = undefined; };
  const reveal = (link) => {
    const definition = document.getElementById(link.getAttribute("aria-describedby"));
    if (open?.link === link || !definition?.showPopover) return;
    hide();
    open = { link, definition };
    const { top, bottom } = definition.getBoundingClientRect();
    if (bottom > 0 && top < innerHeight && bottom > top) { definition.dataset.told = ""; return; } // it stands in the margin
    definition.showPopover();
    const at = link.getClientRects()[0], { width, height } = definition.getBoundingClientRect();
    const left = Math.max(8, Math.min(at.left, document.documentElement.clientWidth - width - 8));
    const above = at.bottom + height > innerHeight && at.top > height;
    definition.style.left = `${left + scrollX}px`;
    definition.style.top = `${(above ? at.top - height : at.bottom) + scrollY}px`;
  };
  let leaving;
  for (const link of document.querySelectorAll("a[aria-describedby^=def-]")) {
    const definition = document.getElementById(link.getAttribute("aria-describedby"));
    const leave = () => { leaving = setTimeout(() => { if (document.activeElement !== link) hide(); }, 250); };
    for (const part of [link, definition]) {
      part.addEventListener("pointerenter", (event) => { clearTimeout(leaving); if (event.pointerType === "mouse") reveal(link); });
      part.addEventListener("pointerleave", leave);
    }
    link.addEventListener("focus", () => { if (link.matches(":focus-visible")) reveal(link); });
    link.addEventListener("blur", () => { if (open?.link === link) hide(); });
    let touched = false;
    link.addEventListener("pointerdown", (event) => { touched = event.pointerType !== "mouse"; });
    link.addEventListener("click", (event) => { if (touched && open?.link !== link) { event.preventDefault(); reveal(link); } }); // a second tap follows
  }
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  document.addEventListener("pointerdown", (event) => { if (open && !open.definition.contains(event.target) && !open.link.contains(event.target)) hide(); });

  // ------------------------------------------------------------ links to copy

  document.addEventListener("click", async (event) => {
    const link = event.target.closest?.("a.headerlink");
    if (!link) return;
    await nudge.copy(link.href, tr("The link")); // and it leads there, as links do
    link.dataset.copied = "";
    setTimeout(() => { delete link.dataset.copied; }, 2000);
  });
}
