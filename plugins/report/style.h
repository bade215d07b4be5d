// The style of index.html: one column, quiet lines, numbers that align.
#pragma once

namespace cairn::report {

inline constexpr const char* kStyle = R"css(
:root { --paper: #fbfaf7; --card: #ffffff; --ink: #23262b; --soft: #6a6d72; --rule: #e3dfd6;
  --reward: #2c7a68; --entropy: #b4612a; --length: #4d62a8; --worse: #b3383d; --mask: #f3e3d3; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #15171a; --card: #1c1f23; --ink: #e8e6e0; --soft: #9c9c97; --rule: #33373c;
    --reward: #6cc5ae; --entropy: #e39a63; --length: #9babea; --worse: #ec8085; --mask: #3a2f26; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif; }
main { max-width: 1040px; margin: 0 auto; padding: 48px 28px 72px; }
header { display: flex; gap: 22px; align-items: center; margin-bottom: 40px; }
header svg { width: 58px; flex: none; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 6px; letter-spacing: -.01em; }
h2 { font-size: 20px; margin: 52px 0 4px; letter-spacing: -.005em; }
h3 { font-size: 15px; margin: 26px 0 6px; }
p { margin: 0 0 14px; max-width: 46em; }
.soft, .note, caption { color: var(--soft); }
.note { font-size: 14px; }
.verdict { font-size: 18px; margin: 0; }
.card { background: var(--card); border: 1px solid var(--rule); border-radius: 10px;
  padding: 18px 22px; margin: 16px 0; overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 15px; }
th, td { padding: 8px 10px; text-align: right; border-bottom: 1px solid var(--rule);
  white-space: nowrap; vertical-align: top; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
th:last-child, td:last-child { padding-right: 0; }
thead th { font-weight: 600; font-size: 14px; vertical-align: bottom; }
tbody th { font-weight: 400; }
tbody tr:last-child > * { border-bottom: 0; }
td small, th small { display: block; color: var(--soft); font-weight: 400; font-size: 12px; }
td.clear { font-weight: 650; }
td.drawn { width: 240px; padding: 8px 0 8px 18px; }
.group td { padding-top: 18px; color: var(--soft); font-size: 14px; }
.apart { border: 1px dashed var(--soft); border-radius: 10px; padding: 18px 22px; margin: 16px 0;
  overflow-x: auto; }
.apart table { font-size: 14px; } .apart thead th { white-space: normal; }
table + .note { margin: 12px 0 0; }
summary { cursor: pointer; padding: 10px 0; font-weight: 600; font-size: 15px; }
svg { display: block; width: 100%; height: auto; }
svg.bar { width: 220px; height: 20px; }
svg text { font: 12px system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif; fill: var(--ink);
  font-variant-numeric: tabular-nums; }
svg .tick, svg .unit { fill: var(--soft); }
svg .tick { font-size: 11px; }
svg .name { font-size: 14px; } svg .value { font-size: 14px; font-weight: 600; }
svg .value .unit { font-size: 12px; font-weight: 400; }
svg .metric { font-size: 13px; font-weight: 650; } svg .metric .unit { font-weight: 400; }
svg .column { font-size: 13px; }
svg .end { text-anchor: end; } svg .middle { text-anchor: middle; }
.grid { stroke: var(--rule); stroke-width: 1; } .axis { stroke: var(--soft); stroke-width: 1; }
.start { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 3 4; }
.range { stroke: var(--reward); stroke-width: 3; stroke-linecap: round; opacity: .45; }
.mean { fill: var(--reward); }
.range.open { stroke: var(--soft); } .mean.open { fill: var(--soft); }
.range.worse { stroke: var(--worse); } .mean.worse { fill: var(--worse); }
polyline { fill: none; stroke-linejoin: round; stroke-linecap: round; }
.raw { stroke-width: 1; opacity: .38; } .curve { stroke-width: 2.2; }
.reward { stroke: var(--reward); } .entropy { stroke: var(--entropy); } .length { stroke: var(--length); }
.masked { fill: var(--mask); }
.key { display: inline-block; width: 12px; height: 12px; background: var(--mask); border-radius: 2px;
  vertical-align: -1px; }
footer { margin-top: 56px; padding-top: 18px; border-top: 1px solid var(--rule); }
@media print { body { background: none; } .card { break-inside: avoid; } }
)css";

// Five stones, the program's sign.
inline constexpr const char* kSign =
    R"svg(<svg viewBox="0 0 58 64" aria-hidden="true"><g fill="none" stroke="currentColor" )svg"
    R"svg(stroke-width="2.4"><ellipse cx="29" cy="55" rx="26" ry="7.4"/><ellipse cx="30" cy="41" )svg"
    R"svg(rx="20" ry="6.6"/><ellipse cx="28" cy="28.5" rx="15" ry="5.9"/><ellipse cx="30" cy="17.5" )svg"
    R"svg(rx="10.4" ry="5"/><ellipse cx="29" cy="8" rx="6.4" ry="4.4"/></g></svg>)svg";

}  // namespace cairn::report
