// The part of a dashboard that changes is asked for again while somebody looks.
"use strict";
const LIVE_MS = 2000;

async function refresh(live) {
  if (document.hidden) return;
  const ended = document.getElementById("ended");
  try {
    const answer = await fetch("/live");
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (answer.ok) live.replaceChildren(...page.body.childNodes);
    else ended.textContent = page.querySelector("main > p").textContent;
    ended.hidden = answer.ok;
  } catch {
    ended.textContent = "The dashboard does not answer any more: what is shown here is old.";
    ended.hidden = false;
  }
}

const live = document.getElementById("live");
if (live) setInterval(refresh, LIVE_MS, live);
