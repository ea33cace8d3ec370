// Keeps the page up to date in place: what has not changed stays as it is, and with it the reader's place, the focus,
// a selection and whatever was opened. Without this script the page works all the same and is reloaded by hand.
"use strict";

(() => {
  const SECONDS = 5;
  const PATIENCE = 3; // failures in a row before the reader is told
  const lost = document.getElementById("lost");
  let failures = 0;
  let timer = 0;

  // A request for a document parses HTML without running or loading anything of it.
  function fetchPage(done) {
    const request = new XMLHttpRequest();
    request.open("GET", location.href);
    request.responseType = "document";
    request.timeout = 10000;
    request.onload = () => done(request.response);
    request.onerror = request.ontimeout = () => done(null);
    request.send();
  }

  function refresh() {
    clearTimeout(timer);
    if (document.hidden) return; // it refreshes as soon as it is looked at again
    fetchPage((page) => {
      const content = page && page.getElementById("content");
      if (content) {
        failures = 0;
        take(page, content);
      } else {
        failures += 1;
      }
      const words = failures < PATIENCE ? "" :
        "The exporter does not answer. What you see is as of " + document.getElementById("taken").textContent + ".";
      if (lost.textContent !== words) lost.textContent = words;
      timer = setTimeout(refresh, SECONDS * 1000);
    });
  }

  function take(page, content) {
    if (document.title !== page.title) document.title = page.title;
    update(document.getElementById("content"), content);
    update(document.querySelector("footer"), page.querySelector("footer"));
  }

  // Makes `old` equal to `fresh`, changing only what differs.
  function update(old, fresh) {
    if (old.isEqualNode(fresh)) return;
    for (const { name } of [...old.attributes]) {
      if (!fresh.hasAttribute(name) && !isReaders(old, name)) old.removeAttribute(name);
    }
    for (const { name, value } of fresh.attributes) {
      if (old.getAttribute(name) !== value && !isReaders(old, name)) old.setAttribute(name, value);
    }
    const wanted = new Set([...fresh.children].map((child) => child.id));
    for (const child of [...old.children]) if (child.id && !wanted.has(child.id)) child.remove();
    const known = new Map([...old.children].filter((child) => child.id).map((child) => [child.id, child]));
    let place = old.firstChild;
    for (const child of [...fresh.childNodes]) {
      const match = child.id ? known.get(child.id) : place && !place.id && isLike(place, child) ? place : null;
      if (!match) {
        old.insertBefore(document.importNode(child, true), place);
        continue;
      }
      if (match === place) place = place.nextSibling;
      else old.insertBefore(match, place);
      if (child.nodeType === Node.ELEMENT_NODE) update(match, child);
      else if (match.data !== child.data) match.data = child.data;
    }
    while (place) {
      const next = place.nextSibling;
      place.remove();
      place = next;
    }
  }

  function isLike(a, b) {
    return a.nodeType === b.nodeType && a.nodeName === b.nodeName;
  }

  // Whether something is open is up to the reader.
  function isReaders(element, attribute) {
    return element.nodeName === "DETAILS" && attribute === "open";
  }

  document.addEventListener("visibilitychange", refresh);
  timer = setTimeout(refresh, SECONDS * 1000);
})();
