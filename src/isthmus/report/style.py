"""The page's style sheet: one column of text, system fonts, light and dark, screen and paper."""

COLOURS = """:root { color-scheme: light dark;
  --paper:#fff; --ink:#1b1f24; --muted:#59626d; --rule:#d5d9de; --grid:#e8ebee; --wash:#f5f6f8;
  --c0:#0072b2; --c1:#d55e00; --c2:#009e73; --c3:#cc79a7; --c4:#d99500; --c5:#56b4e9; --other:#a4abb3 }
@media (prefers-color-scheme: dark) { :root {
  --paper:#14171b; --ink:#e6e8eb; --muted:#9fa8b3; --rule:#3a4149; --grid:#262b31; --wash:#1d2126;
  --c0:#56a8e0; --c1:#f0803c; --c2:#3cc79c; --c3:#e09cc3; --c4:#e6b93f; --c5:#8fd0f7; --other:#6c757f } }
"""
SVG_TEXT = """svg text { fill:var(--ink); font-size:12px } svg .muted { fill:var(--muted) }
svg .halo { paint-order:stroke; stroke:var(--paper); stroke-width:3.5px; stroke-linejoin:round;
  font-weight:650 }
"""
CSS = (
    "\n"
    + COLOURS
    + """* { box-sizing:border-box }
html { -webkit-text-size-adjust:100% }
body { margin:0 auto; padding:3rem 1.25rem 4rem; max-width:58rem; background:var(--paper); color:var(--ink);
  font:1rem/1.55 "Source Serif 4","Source Serif Pro",Charter,"Bitstream Charter",Cambria,Georgia,serif;
  font-variant-numeric:oldstyle-nums; overflow-wrap:break-word }
h1,h2,h3,table,dl,figcaption,summary,.kicker,svg,footer { font-family:system-ui,-apple-system,
  "Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif; font-variant-numeric:normal }
h1 { font-size:clamp(1.6rem,5vw,2.15rem); line-height:1.15; letter-spacing:-.015em; margin:.2rem 0 .8rem;
  font-weight:650; text-wrap:balance }
h2 { font-size:1.2rem; line-height:1.3; margin:3rem 0 .75rem; padding-top:.9rem;
  border-top:1px solid var(--rule); font-weight:650 }
h3 { font-size:.98rem; margin:1.8rem 0 .5rem; font-weight:650 }
p { margin:.5rem 0; max-width:42rem; text-wrap:pretty }
.kicker { font-size:.78rem; letter-spacing:.09em; text-transform:uppercase; color:var(--muted); margin:0 }
.lead { font-size:1.15rem; line-height:1.5 }
.verdict { font-size:1.1rem; font-weight:600; border-left:3px solid var(--c0); padding-left:.9rem;
  margin:1.1rem 0 }
.note { color:var(--muted); font-size:.9rem }
.wide { overflow-x:auto; margin:1rem 0 }
table { border-collapse:collapse; font-size:.87rem; line-height:1.45;
  font-variant-numeric:lining-nums tabular-nums;
  border-top:1.5px solid var(--ink); border-bottom:1.5px solid var(--ink) }
caption { text-align:left; font-size:.85rem; color:var(--muted); padding-bottom:.45rem; caption-side:top }
th,td { text-align:left; padding:.32rem 1.3rem .32rem 0; vertical-align:baseline }
th:last-child,td:last-child { padding-right:0 }
tbody th { font-weight:500 }
thead th { border-bottom:1px solid var(--ink); font-weight:600; vertical-align:bottom }
tbody tr + tr > * { border-top:1px solid var(--grid) }
.n { text-align:right } td.n { white-space:nowrap } .strong > * { font-weight:650 }
.figures { display:grid; grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr)); gap:.5rem 2rem }
figure { margin:1rem 0; min-width:0 }
figure svg { display:block; width:100%; height:auto; max-width:40rem }
figure img { display:block; max-width:100%; height:auto; image-rendering:pixelated }
figcaption { font-size:.85rem; line-height:1.45; color:var(--muted); margin-top:.5rem; max-width:40rem }
details { border-top:1px solid var(--grid); padding:.3rem 0 } details + h3 { margin-top:2.2rem }
summary { cursor:pointer; font-size:.9rem; padding:.25rem 0 }
dl { display:grid; grid-template-columns:minmax(6.5rem,max-content) 1fr; gap:.25rem 1.4rem; margin:1rem 0;
  font-size:.87rem } dt { color:var(--muted) } dd { margin:0; min-width:0;
  overflow-wrap:anywhere }
pre { background:var(--wash); border:1px solid var(--grid); border-radius:4px; padding:.7rem .9rem;
  overflow-x:auto;
  margin:.6rem 0; font:.86rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;
  user-select:all }
footer { margin-top:3.5rem; padding-top:.8rem; border-top:1px solid var(--rule); color:var(--muted);
  font-size:.8rem }
"""
    + SVG_TEXT
    + """@media print { body { max-width:none; padding:0; font-size:10pt }
  figure,tr,pre,.verdict { break-inside:avoid } h2,h3 { break-after:avoid }
  pre { white-space:pre-wrap } }
"""
)
