/* Makes the status page live: every ten seconds the same address is asked again and what has
   changed is put in place. Without this file the page is the same, as of when it was loaded. */
"use strict";
(function () {
	const EVERY_MS = 10000;
	const parts = ["say", "facts", "states", "list"];
	const age = document.getElementById("age");
	let taken = Date.now();

	function put(fresh) {
		for (const id of parts) {
			const now = document.getElementById(id), next = fresh.getElementById(id);
			/* Whoever is on a link in there keeps the place: only what differs is replaced. */
			if (now && next && now.innerHTML !== next.innerHTML && !now.contains(document.activeElement))
				now.innerHTML = next.innerHTML;
		}
		document.title = fresh.title;
		document.documentElement.classList.remove("lost");
	}

	async function look() {
		if (document.hidden)
			return;
		try {
			const answer = await fetch(location.href, { cache: "no-store" });
			if (!answer.ok)
				throw new Error(String(answer.status));
			put(new DOMParser().parseFromString(await answer.text(), "text/html"));
			taken = Date.now();
			age.textContent = age.dataset.live;
		} catch (e) {
			age.textContent = age.dataset.lost.replace("%", String(Math.round((Date.now() - taken) / 1000)));
		}
	}

	age.textContent = age.dataset.live;
	setInterval(look, EVERY_MS);
	document.addEventListener("visibilitychange", look);
})();
