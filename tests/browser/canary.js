// The first script of every page: notices whatever runs after it, and looks at what became of the page.
"use strict";
var caught = [];
var steal = (what) => { caught.push(String(what === undefined ? "steal()" : what)); };
for (const name of ["alert", "confirm", "prompt", "print", "open", "eval", "Function"])
	window[name] = () => { caught.push(name); };
window.onerror = (message) => { caught.push("error: " + message); };
window.addEventListener("securitypolicyviolation", (event) => {
	if (!/^(img|media)-src/.test(event.violatedDirective))
		caught.push("policy: " + event.violatedDirective);
});
const globals = new Set(Object.getOwnPropertyNames(window));

const FORBIDDEN = new Set(("script iframe frame frameset object embed applet param base meta link style title " +
	"form input button textarea select option optgroup datalist fieldset legend label output keygen svg math " +
	"template slot noscript noembed noframes xmp plaintext listing portal fencedframe dialog canvas marquee " +
	"bgsound isindex layer ilayer track picture head body html").split(" "));
const FORBIDDEN_ATTRIBUTES = new Set(("srcdoc srcset formaction ping autofocus tabindex contenteditable class slot " +
	"is part nonce popover popovertarget commandfor http-equiv form sizes data codebase archive classid xmlns " +
	"dynsrc lowsrc manifest srcobject attributionsrc itemscope hidden inert").split(" "));
const ADDRESSES = ["href", "src", "cite", "poster", "action", "background", "longdesc", "icon"];
const SAFE = new Set(("http https mailto tel ftp ftps sftp geo magnet sms xmpp sip sips irc ircs news nntp webcal " +
	"feed callto gopher matrix whatsapp tg urn tag doi acap rtsp mms").split(" ").map((name) => name + ":"));
// Of a style: what loads, runs, or leaves its place.
const ACTING = /url *\(|src *\(|image *\(|image-set|cross-fade|expression|behaviou?r|binding|import\b|@|\\|(^|;)\s*position/i;
const PRE = /(<(?:pre|listing)[^>]*>)\n+/g;
const LOADED = new Set(["http:", "https:"]);

function wrongAttribute(element, {name, value}) {
	if (/^on|[:@]|^(data|aria|v|ng|x|hx)-/.test(name) || FORBIDDEN_ATTRIBUTES.has(name))
		return "attribute " + name;
	if ((name === "id" || name === "name") && !value.startsWith("cw-") && value)
		return name + " " + value;
	if (name === "style" && ACTING.test(value + ";" + element.style.cssText))
		return "style " + value;
	if (!ADDRESSES.includes(name) || !value)
		return null;
	// The browser's own reading of the address, not ours.
	let scheme;
	try {
		scheme = new URL(value, document.baseURI).protocol;
	} catch (error) {
		return null; // no address to the browser
	}
	const loads = name === "src" || name === "poster";
	return (loads ? LOADED : SAFE).has(scheme) ? null : name + " " + value;
}

function wrong(element) {
	if (element.namespaceURI !== "http://www.w3.org/1999/xhtml")
		return "foreign " + element.localName;
	if (FORBIDDEN.has(element.localName) || element.localName.includes("-"))
		return "element " + element.localName;
	if (element.shadowRoot)
		return "a shadow tree";
	// ":" where the browser can make nothing of the address.
	if (element.protocol !== undefined && element.href && element.protocol !== ":" && !SAFE.has(element.protocol))
		return "link " + element.href;
	if (element.background || (element.localName.startsWith("t") && element.hasAttribute("background")))
		return "a background";
	for (const attribute of element.attributes) {
		const found = wrongAttribute(element, attribute);
		if (found)
			return found;
	}
	return null;
}

// The texts of the page's items, each put into an element of its own, as readers do.
async function fill(data) {
	const texts = await (await fetch(data)).json();
	for (const text of texts) {
		const item = document.createElement("section");
		item.className = "item";
		item.innerHTML = text;
		document.body.append(item);
	}
	document.body.append(Object.assign(document.createElement("footer"), {className: "end"}));
	await new Promise((done) => setTimeout(done, 300));
	return report();
}

function hash(text) {
	let h = 5381;
	for (let i = 0; i < text.length; i++)
		h = (h * 33 ^ text.charCodeAt(i)) | 0;
	return h;
}

// What is read from the browser's own writing is written the same: nothing changes by being moved, but for
// the line end at the beginning of a <pre>, which browsers drop again each time.
function moves(text) {
	const other = document.implementation.createHTMLDocument().createElement("section");
	other.innerHTML = text;
	return other.innerHTML.replace(PRE, "$1");
}

function clobbered() {
	return Object.getOwnPropertyNames(window).filter((name) => !globals.has(name) && !/^\d+$/.test(name));
}

function report() {
	const items = [...document.querySelectorAll("body > section.item")], wrongs = [], pictures = new Set();
	for (const element of document.querySelectorAll("body *")) {
		if (element.className === "item" || element.className === "end")
			continue;
		const found = wrong(element), item = element.closest("section.item");
		if (found || !item)
			wrongs.push([items.indexOf(item), found || "outside of its item: " + element.localName]);
		for (const name of ["src", "poster"])
			if (/^(IMG|VIDEO|AUDIO|SOURCE)$/.test(element.nodeName) && element[name])
				pictures.add(element[name].replace(/#.*/, ""));
	}
	for (const element of document.head.children)
		if (!element.hasAttribute("data-ours"))
			wrongs.push([-1, "in the head: " + element.localName]);
	const moved = [];
	items.forEach((item, i) => {
		const text = item.innerHTML.replace(PRE, "$1"), after = moves(text);
		if (after !== text && moved.length < 20) {
			let at = 0;
			while (text[at] === after[at])
				at++;
			moved.push([i, text.slice(Math.max(at - 40, 0), at + 40), after.slice(Math.max(at - 40, 0), at + 40)]);
		}
	});
	return {
		caught, clobbered: clobbered(), wrongs: wrongs.slice(0, 100), n: items.length, moved,
		ends: document.querySelectorAll("body > footer.end").length,
		elements: document.querySelectorAll("section.item *").length,
		pictures: [...pictures], hashes: items.map((item) => hash(item.innerHTML)),
		address: location.href, domain: document.domain,
	};
}

// For the control: as a vector stands, in a frame of its own. Which of them act?
async function tryRaw(address) {
	const frame = document.createElement("iframe");
	const loaded = new Promise((done) => { frame.onload = done; });
	frame.sandbox = "allow-scripts allow-same-origin allow-forms"; // but not to leave the page around it
	frame.src = address;
	document.body.append(frame);
	await Promise.race([loaded, new Promise((done) => setTimeout(done, 5000))]);
	await new Promise((done) => setTimeout(done, 150));
	let ran = false, marks = 0;
	try {
		const inner = frame.contentWindow, page = frame.contentDocument;
		if (!inner.caught)
			return {ran, marks: 1}; // it has left the page
		for (const element of page.querySelectorAll("body a, body button, body area"))
			element.click();
		await new Promise((done) => setTimeout(done, 50));
		ran = inner.caught.length > 0;
		for (const element of page.querySelectorAll("*"))
			if (!element.hasAttribute("data-ours") && element !== page.documentElement &&
				element !== page.head && element !== page.body)
				marks += wrong(element) ? 1 : 0;
		for (const attribute of page.body ? page.body.attributes : [])
			marks += attribute.name.startsWith("on") ? 1 : 0;
	} catch (error) {
		marks++; // another origin's page
	}
	frame.remove();
	return {ran, marks};
}

async function tryAll(addresses) {
	const found = [];
	for (let i = 0; i < addresses.length; i += 20)
		found.push(...await Promise.all(addresses.slice(i, i + 20).map(tryRaw)));
	return found;
}
