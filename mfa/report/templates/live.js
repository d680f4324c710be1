"use strict";
// The page was made by `mfa serve`: when there is a newer one, show it.
let shown = null;
setInterval(async () => {
  try {
    const number = await (await fetch("/version", {cache: "no-store"})).text();
    if (shown !== null && number !== shown) location.reload();
    shown = number;
  } catch {
    // The server has ended; the page stays as it is.
  }
}, 700);
