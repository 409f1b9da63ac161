"""The page's style sheet. Its hash is what the Content-Security-Policy allows, so nothing may be put in at run time."""

from __future__ import annotations

import base64
import hashlib

__all__ = ["STYLE", "STYLE_HASH"]

STYLE = """
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--text:#1b1f24;--soft:#59636e;--line:#d9dee4;--bar:#2f6fc4;--track:#e7ebf0;
--link:#1858b0;--warn-bg:#fff5da;--warn-line:#c98a00;--warn:#523a00;--bad-bg:#fdebe9;--bad-line:#c2362b;--bad:#6e120b;
--info-bg:#e8f1fd;--info-line:#2f6fc4;--info:#11365f}
@media(prefers-color-scheme:dark){:root{--bg:#111418;--card:#191d23;--text:#e7eaee;--soft:#a2abb6;--line:#2e353e;--bar:#6aa5ee;
--track:#2a313a;--link:#8cbcf5;--warn-bg:#2f2608;--warn-line:#d9a020;--warn:#f6e2ac;--bad-bg:#361512;--bad-line:#e5675d;--bad:#fbd3cf;
--info-bg:#122338;--info-line:#6aa5ee;--info:#cfe3fc}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--text);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;overflow-wrap:anywhere}
.page{max-width:1180px;margin:0 auto;padding:24px 20px 40px}
a{color:var(--link)}
h1,h2,p,dl,dd,ul,table{margin:0;padding:0}
header{display:flex;flex-wrap:wrap;gap:4px 20px;align-items:baseline;justify-content:space-between;margin-bottom:18px}
h1{font-size:20px;font-weight:650}
h2{font-size:16px;font-weight:650}
.soft{color:var(--soft)}
.small{font-size:14px}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(300px,100%),1fr));gap:16px}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:18px 20px;min-width:0}
main>*+*{margin-top:16px}
main>.note+.note{margin-top:12px}
h2 .small{font-weight:400}
.wide{grid-template-columns:repeat(auto-fit,minmax(min(460px,100%),1fr));align-items:start}
.total{font-size:clamp(34px,9vw,46px);font-weight:680;letter-spacing:-.02em;line-height:1.15;margin:4px 0;font-variant-numeric:tabular-nums}
.note{border:1px solid;border-left-width:5px;border-radius:8px;padding:12px 16px}
.note p+ul{margin-top:6px}
.note strong{font-weight:650}
.warn{background:var(--warn-bg);border-color:var(--warn-line);color:var(--warn)}
.bad{background:var(--bad-bg);border-color:var(--bad-line);color:var(--bad)}
.info{background:var(--info-bg);border-color:var(--info-line);color:var(--info)}
.note a{color:inherit}
.note ul{list-style:none}
.note li{padding:3px 0;border-top:1px solid color-mix(in srgb,currentColor 18%,transparent);display:flex;flex-wrap:wrap;gap:0 12px;justify-content:space-between}
.head{display:flex;flex-wrap:wrap;gap:0 14px;justify-content:space-between;align-items:baseline;margin-bottom:6px}
table{width:100%;border-collapse:collapse;font-size:15px}
caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
th,td{padding:8px 0 8px 12px;text-align:right;vertical-align:top;border-top:1px solid var(--line);font-weight:400;font-variant-numeric:tabular-nums}
thead th{border-top:0;color:var(--soft);font-size:13px;padding-top:2px;padding-bottom:4px;vertical-align:bottom;white-space:nowrap}
th:first-child,td:first-child{text-align:left;padding-left:0}
td{white-space:nowrap}
tbody th{width:99%;line-height:1.35}
tfoot th,tfoot td{color:var(--soft);font-size:14px}
.by{color:var(--soft);font-size:13px}
.bar{display:block;width:100%;height:6px;margin-top:6px}
.bar .t{fill:var(--track)}
.bar .b{fill:var(--bar)}
.tag{display:inline-block;border:1px solid var(--warn-line);background:var(--warn-bg);color:var(--warn);border-radius:5px;font-size:12px;line-height:1.4;padding:0 6px;white-space:nowrap}
.state{white-space:nowrap}
.state.bad{border:1px solid var(--bad-line);border-radius:5px;padding:0 6px;font-size:13px}
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(128px,100%),1fr));gap:12px 20px}
dt{color:var(--soft);font-size:13px}
dd{font-variant-numeric:tabular-nums}
dd small{display:block;color:var(--soft);font-size:13px}
footer{display:flex;flex-wrap:wrap;gap:6px 18px;margin-top:20px;font-size:14px;color:var(--soft)}
@media(max-width:560px){.page{padding:16px 12px 28px}.card{padding:14px}th,td{padding-left:10px}.far{display:none}header{margin-bottom:12px}}
@media(max-width:360px){td,.tag{white-space:normal;overflow-wrap:normal}th,td{padding-left:8px;font-size:14px}}
"""

STYLE_HASH = "sha256-" + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
