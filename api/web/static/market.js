// Keeps book and tape of one instrument current from its event stream; without it the page is as of its loading.
(() => {
  const live = document.getElementById("live");
  if (!live || !window.EventSource) return;
  const stream = new EventSource(live.dataset.events);
  let waiting = null;

  // The server draws the tables once more, so that page and stream never disagree on how to show a number.
  const refresh = async () => {
    waiting = null;
    const answer = await fetch(location.href, { headers: { "X-Refresh": "live" } });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const name of ["[data-book]", "[data-trades]", "dl.figures"]) {
      const [here, there] = [live.querySelector(name), fresh.getElementById("live")?.querySelector(name)];
      if (here && there) here.replaceWith(there);
    }
  };
  const soon = () => {
    waiting ??= setTimeout(refresh, 400);
  };
  for (const name of ["book", "trades", "phase", "indicative"]) stream.addEventListener(name, soon);
  addEventListener("pagehide", () => stream.close());
})();
