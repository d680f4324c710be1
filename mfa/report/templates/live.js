"use strict";
// The page was made by `mfa serve`: while a newer one is made, the title says so; then show it.
const MAKING = "⟳ ";
let shown = null;
setInterval(async () => {
  try {
    const answer = await (await fetch("/version", {cache: "no-store"})).text();
    const number = answer.replace("+", "");
    if (shown !== null && number !== shown) location.reload();
    shown = number;
    const title = document.title.replace(MAKING, "");
    document.title = answer === number ? title : MAKING + title;
  } catch {
    // The server has ended; the page stays as it is.
  }
}, 700);
