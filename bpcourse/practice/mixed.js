// The practice page: sets mixed from the chapters that are ticked, and what is kept of the answers.

(() => {
  const { progress, sound, keep, bind, say } = bpPractice;
  const SIZE = 10, folder = document.currentScript.src.replace(/[^/]*$/, "");
  const loaded = {}, all = [];

  // A chapter's data and its exercises are plain scripts, which load from a folder, too.
  const load = (number) => (loaded[number] ??= Promise.all([number, `set-${number}`].map((name) => new Promise((done) => {
    const script = Object.assign(document.createElement("script"), { src: `${folder}${name}.js`, onload: done, onerror: done });
    document.head.append(script);
  }))));
  const put = (told) => all.push(...Object.entries(told).map(([label, [rules, html]]) => ({ label, chapter: label.slice(0, 2), rules, html })));

  function shuffled(x) {
    const all = [...x];
    for (let i = all.length - 1; i > 0; i--) {
      const j = Math.floor(Math.random() * (i + 1));
      [all[i], all[j]] = [all[j], all[i]];
    }
    return all;
  }

  // One after the other: what is due first, and after each if possible one of another chapter that needs other rules.
  function mix(due, others, size = SIZE) {
    const pool = [...due, ...others], chosen = [];
    const apart = (a, b) => !a.rules.some((rule) => b.rules.includes(rule));
    while (pool.length && chosen.length < size) {
      const last = chosen.at(-1);
      let next = last ? pool.findIndex((one) => apart(one, last) && one.chapter !== last.chapter) : 0;
      if (next < 0) next = pool.findIndex((one) => apart(one, last));
      chosen.push(...pool.splice(Math.max(next, 0), 1));
    }
    return chosen;
  }

  const isDue = (entry, now) => (entry?.again ?? []).some((time) => time <= now);

  function start() {
    const page = document.querySelector(".bp-mixed");
    if (!page) return;
    const spoken = page.querySelector(".bp-said"), place = page.querySelector(".bp-set"), ticks = [...page.querySelectorAll("[name=chapter]")];
    const speak = (...told) => (spoken.textContent = say(...told));
    const tick = () => ticks.forEach((box) => (box.checked = Object.keys(progress()).some((label) => label.startsWith(`${box.value}.`))));

    async function make() {
      const chapters = ticks.filter((box) => box.checked).map((box) => box.value), kept = progress(), now = Date.now();
      if (!chapters.length) return speak("no chapter");
      await Promise.all(chapters.map(load));
      const pool = shuffled(all.filter((one) => chapters.includes(one.chapter)));
      const due = pool.filter((one) => isDue(kept[one.label], now));
      const set = mix(due, pool.filter((one) => !due.includes(one)));
      place.replaceChildren(...set.map(({ html }) => {
        const item = document.createElement("li");
        item.innerHTML = html;
        const root = item.querySelector(".bp-practice");
        if (root.querySelector("[data-do=fresh]")) root.dataset.seed = 1 + Math.floor(Math.random() * 9999);
        return item;
      }));
      place.querySelectorAll(".bp-practice").forEach(bind);
      const again = set.filter((one) => due.includes(one)).length;
      speak("set", { n: set.length, again, new: set.length - again });
    }

    function bring(text) {
      const good = Object.entries(sound(text));
      if (!good.length) return speak("not brought");
      const kept = progress();
      for (const [label, { at, first, right, again, said }] of good) if (!(kept[label]?.at > at)) kept[label] = { at, first, right, again, said };
      keep(kept);
      tick();
      speak("brought", { n: good.length });
    }

    const actions = {
      export() {
        const href = URL.createObjectURL(new Blob([JSON.stringify(progress())], { type: "application/json" }));
        Object.assign(document.createElement("a"), { href, download: "bpcourse-practice.json" }).click();
        setTimeout(() => URL.revokeObjectURL(href), 1000);
      },
      import() { page.querySelector("[type=file]").click(); },
      clear(button) {
        if (button.textContent !== say("really")) return void (button.textContent = say("really"));
        keep({});
        tick();
        button.textContent = say("clear");
        speak("cleared");
      },
    };
    page.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      make();
    });
    page.addEventListener("click", ({ target }) => actions[target.dataset.do]?.(target));
    page.querySelector("[type=file]").addEventListener("change", async ({ target }) => {
      if (target.files[0]) bring(await target.files[0].text());
      target.value = "";
    });
    page.querySelector("[data-do=clear]").addEventListener("blur", ({ target }) => (target.textContent = say("clear")));
    tick();
  }

  Object.assign(bpPractice, { mix, isDue, put });
  document.addEventListener("DOMContentLoaded", start);
})();
