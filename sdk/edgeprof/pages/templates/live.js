// The part of a dashboard that changes is asked for again while somebody looks.
"use strict";
const LIVE_MS = 2000;

async function refresh(live) {
  if (document.hidden) return;
  try {
    const answer = await fetch("/live");
    live.replaceChildren(...new DOMParser().parseFromString(await answer.text(), "text/html").body.childNodes);
  } catch {
    document.getElementById("ended").hidden = false;
  }
}

const live = document.getElementById("live");
if (live) setInterval(refresh, LIVE_MS, live);
