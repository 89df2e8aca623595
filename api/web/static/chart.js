// Draws each chart from the JSON beside it, once it comes into view; the table behind it needs none of this.
(() => {
  const { plotly: source, styles } = document.currentScript.dataset;
  const figures = document.querySelectorAll("figure[data-chart]");
  if (!figures.length) return;

  // The chart code leaves out a style sheet whose id is taken; the content policy would refuse it.
  for (const id of styles.split(" ").filter(Boolean)) {
    const taken = document.createElement("template");
    taken.id = id;
    document.head.append(taken);
  }

  const loaded = () =>
    new Promise((done, failed) => {
      if (window.Plotly) return done();
      const script = document.createElement("script");
      script.src = source;
      script.onload = done;
      script.onerror = failed;
      document.head.append(script);
    });

  const draw = async (figure) => {
    const spec = JSON.parse(document.getElementById(figure.dataset.chart).textContent);
    await loaded();
    const layout = { margin: { t: 20, r: 20, b: 40, l: 60 }, font: { size: 13 }, ...spec.layout };
    await window.Plotly.newPlot(figure, spec.data, layout, { displayModeBar: false, responsive: true });
    figure.dataset.drawn = "yes";
  };

  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries.filter((one) => one.isIntersecting)) {
      watcher.unobserve(entry.target);
      draw(entry.target);
    }
  });
  figures.forEach((figure) => watcher.observe(figure));
})();
