/** Colours after Okabe and Ito (2008), which people who are colour-blind can tell apart; lines differ in their dashes too. */
const LIGHT = ['#0072b2', '#d55e00', '#00805f', '#a8417f', '#8a6100', '#3d3d3d'];
const DARK = ['#58b1f0', '#ff9148', '#35cfa3', '#f0a3d0', '#f2c14b', '#d0d0d0'];
export const DASHES = ['', '7 3', '2 3', '9 3 2 3', '4 2', '12 3'];
/** So many models are drawn in one plot. */
export const MOST_DRAWN = LIGHT.length;

const colours = (list: readonly string[]) => list.map((colour, place) => `--c${place}:${colour}`).join(';');
const light = `--ink:#1c1c1c;--muted:#595959;--paper:#fff;--panel:#f6f6f4;--rule:#d9d9d6;--good:#00664a;--warn:#a33f00;${colours(LIGHT)}`;
const dark = `--ink:#ececea;--muted:#b1b1ad;--paper:#17181a;--panel:#212326;--rule:#3c3f43;--good:#4fd6ac;--warn:#ffab73;${colours(DARK)}`;

export const STYLE = `
:root{color-scheme:light dark;${light}}
@media screen and (prefers-color-scheme:dark){:root{${dark}}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1.5rem clamp(1rem,4vw,3rem) 4rem;max-width:76rem;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.9rem;line-height:1.2;margin:.5rem 0 .25rem}
h2{font-size:1.35rem;margin:0 0 .75rem;padding-top:1.75rem;border-top:1px solid var(--rule)}
h3{font-size:1rem;margin:0 0 .25rem}
section{margin-top:2rem}
p,li{max-width:48rem}
.muted,figcaption,caption,footer{color:var(--muted)}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;list-style:none;padding:0;margin:1rem 0}
a{color:var(--c0)}
.verdict{background:var(--panel);border-left:4px solid var(--c0);padding:.75rem 1.25rem;margin:1rem 0}
.verdict p:first-child{font-size:1.15rem;font-weight:600}
.plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,25rem),1fr));gap:1.5rem;align-items:start}
.small{grid-template-columns:repeat(auto-fill,minmax(min(100%,17rem),1fr))}
.plots>*{min-width:0}
figure{margin:0;break-inside:avoid;min-width:0}
svg{display:block;width:100%;height:auto;overflow:visible}
svg text{font:12px system-ui,sans-serif;fill:var(--ink)}
svg .muted{fill:var(--muted)}
svg .grid{stroke:var(--rule);stroke-width:1}
svg .guide{stroke:var(--muted);stroke-width:1;stroke-dasharray:3 3;fill:none}
svg .shade{fill:var(--warn);opacity:.16}
svg .warn{fill:var(--warn)}
svg .mark{stroke:var(--warn);stroke-width:1.5;stroke-dasharray:4 2}
svg .whisker{stroke-width:1.5;fill:none}
svg .line{fill:none;stroke-width:2;stroke-linejoin:round}
${LIGHT.map((_, place) => `.s${place}{stroke:var(--c${place});${DASHES[place] && `stroke-dasharray:${DASHES[place]}`}}.w${place}{stroke:var(--c${place})}.f${place}{fill:var(--c${place})}`).join('\n')}
.tight table{font-size:.85rem}
.tight th,.tight td{padding:.25rem .4rem}
.faint{opacity:.5}
.solid{stroke-dasharray:none}
figcaption{font-size:.9rem}
figcaption td,figcaption th{color:var(--ink)}
.legend{display:flex;flex-wrap:wrap;gap:.15rem 1.1rem;list-style:none;margin:.4rem 0 0;padding:0;font-size:.9rem}
.legend li{display:flex;align-items:center;gap:.4rem}
.legend svg{width:2.2rem;height:.9rem}
.wide{overflow-x:auto}
table{min-width:min(100%,24rem);border-collapse:collapse;font-size:.92rem;font-variant-numeric:tabular-nums;margin:.75rem 0}
caption{text-align:left;font-size:.9rem;padding-bottom:.3rem}
th,td{padding:.25rem .7rem;border-bottom:1px solid var(--rule);text-align:right;vertical-align:top;white-space:nowrap}
th:first-child,.text{text-align:left}
td.text{white-space:normal;max-width:32rem}
thead th{border-bottom:2px solid var(--muted);vertical-align:bottom;white-space:normal}
tbody th{font-weight:500}
.peer th,.peer td,em{font-style:italic}
td small{color:var(--muted);display:block}
strong{font-weight:700}
.good{color:var(--good)}
.bad{color:var(--warn)}
details{margin:.5rem 0}
summary{cursor:pointer;color:var(--muted);font-size:.9rem}
pre{background:var(--panel);padding:.75rem 1rem;overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere}
code{font:.9em ui-monospace,monospace}
@media print{
body{padding:0;max-width:none;font-size:10pt}
nav{display:none}
section,table{break-inside:auto}
h2,h3,caption{break-after:avoid}
tr{break-inside:avoid}
.plots{grid-template-columns:1fr 1fr;gap:1rem}
.small th,.small td{padding:.1rem .3rem;font-size:7.5pt}
details::details-content{content-visibility:visible;display:block;block-size:auto}
summary{list-style:none}
.wide{overflow:visible}
table{font-size:8.5pt}
.tight table{font-size:7pt}
.tight th,.tight td{padding:.1rem .25rem}
th,td{padding:.15rem .4rem}
}
`;
