/* SPDX-License-Identifier: GPL-2.0-or-later */
"use strict";
const DATA = JSON.parse(document.getElementById("data").textContent);
const COLOURS = {
	masked: "#9fb3c8", latent: "#c9b458", sdc: "#e08e2b", guest_killed: "#b07cc6", host_panic: "#7d5ba6",
	el2_stopped: "#3d7ea6", hang: "#6b7a5a", breach: "#b3123a", infrastructure: "#444c56",
};
const NAMES = Object.keys(DATA.outcomes);
const HEAT_ROWS = 40;
const PAGE_ROWS = 100;
const ROWS = DATA.rows.map((values) => Object.fromEntries(DATA.columns.map((name, n) => [name, values[n]])));
const $ = (id) => document.getElementById(id);
const shown = { outcomes: new Set(NAMES), space: "", symbol: "", register: "", rows: PAGE_ROWS };

function make(name, attributes, ...children) {
	const node = document.createElement(name);
	for (const [key, value] of Object.entries(attributes || {})) {
		if (key.startsWith("on")) {
			node.addEventListener(key.slice(2), value);
		} else if (key === "style") {
			node.style.cssText = value;
		} else {
			node.setAttribute(key, value);
		}
	}
	node.append(...children.map((child) => (child instanceof Node ? child : String(child))));
	return node;
}

const dot = (outcome) => make("span", { class: "dot", style: `background:${COLOURS[outcome]}` });
const percent = (share) => `${(100 * share).toFixed(share > 0.1 ? 1 : 3)} %`;
const functionOf = (row) => row.symbol.split("+")[0];

function whisker(row, top) {
	const x = (share) => Math.min(100, (100 * share) / top);
	const svg = `<svg width="160" height="14" viewBox="0 0 100 14" preserveAspectRatio="none" role="img">
<rect x="0" y="3" width="${x(row.share)}" height="8" fill="${COLOURS[row.outcome]}"/>
<path d="M${x(row.low)} 7H${x(row.high)}M${x(row.low)} 3V11M${x(row.high)} 3V11" stroke="#1d2329" fill="none" vector-effect="non-scaling-stroke"/></svg>`;
	const cell = make("td", {});
	cell.innerHTML = svg;
	return cell;
}

function card(space) {
	const rows = space.rows.filter((row) => row.runs || row.outcome === "masked");
	const top = Math.max(1e-9, ...rows.filter((row) => row.outcome !== "masked").map((row) => row.high));
	const bar = make("div", { class: "bar" }, ...rows.map((row) => make("div", {
		style: `flex:${Math.max(row.share, 0)} 0 0;background:${COLOURS[row.outcome]}`,
		title: `${row.outcome} ${percent(row.share)}`,
	})));
	const head = make("tr", {}, make("th", {}, "outcome"), make("th", { class: "n" }, "runs"),
		make("th", { class: "n" }, "share"), make("th", {}, space.exact ? "exact" : "95 %"), make("th", {}, ""));
	const body = rows.map((row) => make("tr", { title: DATA.outcomes[row.outcome] },
		make("td", {}, dot(row.outcome), row.outcome.replace("_", " ")),
		make("td", { class: "n" }, row.runs.toLocaleString("en")),
		make("td", { class: "n" }, percent(row.share)),
		make("td", {}, space.exact ? "" : `${percent(row.low)} to ${percent(row.high)}`),
		row.outcome === "masked" ? make("td", {}) : whisker(row, top)));
	const faults = space.live + space.dead;
	const audit = space.audited ? ` ${space.audited} of these were run all the same: ${space.audit_wrong.length} had an effect.` : "";
	return make("div", { class: "card" }, make("h3", {}, space.space),
		make("p", { class: "note" }, `${space.runs.toLocaleString("en")} runs of ${faults.toLocaleString("en")} faults; ` +
			`${percent(space.dead / faults)} of the faults are dead by def-use.${audit}`),
		bar, make("table", {}, head, ...body));
}

function matches(row, but) {
	return (shown.outcomes.has(row.outcome) || but === "outcome") &&
		(!shown.space || row.space === shown.space) &&
		(!shown.symbol || functionOf(row).includes(shown.symbol)) &&
		(!shown.register || row.target === shown.register);
}

function heat() {
	const cells = new Map();
	const totals = new Map();
	const columns = new Set();
	for (const row of ROWS) {
		if (!matches(row, "outcome")) {
			continue;
		}
		const name = functionOf(row);
		const key = `${name}|${row.target}`;
		const cell = cells.get(key) || { runs: 0, hits: 0 };
		cell.runs += 1;
		cell.hits += shown.outcomes.has(row.outcome) && (row.outcome !== "masked" || shown.outcomes.size === 1) ? 1 : 0;
		cells.set(key, cell);
		totals.set(name, (totals.get(name) || 0) + 1);
		columns.add(row.target);
	}
	const names = [...totals.keys()].sort((a, b) => totals.get(b) - totals.get(a)).slice(0, HEAT_ROWS);
	const heads = [...columns].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
	const table = $("heat");
	table.replaceChildren(make("tr", {}, make("th", {}, ""), ...heads.map((name) => make("th", { class: "c" }, name))));
	for (const name of names) {
		const line = heads.map((target) => {
			const cell = cells.get(`${name}|${target}`);
			if (!cell) {
				return make("td", { class: "none" });
			}
			const share = cell.hits / cell.runs;
			return make("td", {
				style: share ? `background:hsl(350 70% ${90 - 45 * share}%)` : "background:#eaf1f8",
				title: `${name} ${target}: ${cell.hits} of ${cell.runs} runs`,
				onclick: () => choose({ symbol: name, register: target }),
			}, cell.hits || "");
		});
		table.append(make("tr", {}, make("th", {}, name), ...line));
	}
}

function table() {
	const rows = ROWS.filter((row) => matches(row));
	$("count").textContent = `${rows.length.toLocaleString("en")} of ${ROWS.length.toLocaleString("en")} injections`;
	rows.sort((a, b) => NAMES.indexOf(b.outcome) - NAMES.indexOf(a.outcome) || a.id - b.id);
	const body = rows.slice(0, shown.rows).map((row) => make("tr", {},
		make("td", { class: "n" }, row.id), make("td", {}, dot(row.outcome), row.outcome.replace("_", " ")),
		make("td", {}, make("code", {}, row.fault)), make("td", {}, row.symbol),
		make("td", {}, row.reason, row.path ? make("div", { class: "note" }, row.path) : ""),
		make("td", {}, make("code", {}, `${DATA.replay}${row.id}`))));
	$("rows").tBodies[0].replaceChildren(...body);
	$("more").hidden = rows.length <= shown.rows;
}

function ways() {
	const groups = new Map();
	for (const row of ROWS.filter((each) => each.outcome === "breach" && matches(each))) {
		const key = row.way;
		groups.set(key, [...(groups.get(key) || []), row]);
	}
	const sorted = [...groups.values()].sort((a, b) => b.length - a.length);
	const nodes = sorted.map((rows) => make("div", { class: "way" },
		make("div", {}, make("b", {}, `${rows.length} × `), rows[0].way),
		make("div", { class: "note" }, rows[0].path), make("div", {}, rows[0].reason),
		make("code", {}, `${DATA.replay}${rows[0].id}`)));
	$("breaches").replaceChildren(...(nodes.length ? nodes : [make("p", {}, "None.")]));
}

function draw() {
	for (const chip of document.querySelectorAll(".chip")) {
		chip.classList.toggle("off", !shown.outcomes.has(chip.dataset.outcome));
	}
	$("space").value = shown.space;
	$("symbol").value = shown.symbol;
	$("register").value = shown.register;
	heat();
	ways();
	table();
}

function choose(change) {
	Object.assign(shown, { rows: PAGE_ROWS }, change);
	draw();
}

function toggle(outcome) {
	const chosen = new Set(shown.outcomes.size === NAMES.length ? [outcome] : shown.outcomes);
	if (shown.outcomes.size !== NAMES.length) {
		chosen[chosen.has(outcome) ? "delete" : "add"](outcome);
	}
	choose({ outcomes: chosen.size ? chosen : new Set(NAMES) });
}

function begin() {
	const head = DATA.head;
	document.title = `${head.name} on ${head.target}`;
	$("title").textContent = `${head.title}`;
	$("about").textContent = `Target ${head.target}; scenario ${head.scenario} from mark ${head.mark}: ` +
		`${head.instructions.toLocaleString("en")} instructions of EL2 in ${head.visits.toLocaleString("en")} visits; ` +
		`${ROWS.length.toLocaleString("en")} injections, seed ${head.seed}.`;
	$("spaces").append(...DATA.summaries.map(card));
	const counts = Object.fromEntries(NAMES.map((name) => [name, ROWS.filter((row) => row.outcome === name).length]));
	$("outcomes").append(...NAMES.filter((name) => counts[name]).map((name) => make("button", {
		class: "chip", "data-outcome": name, title: DATA.outcomes[name], onclick: () => toggle(name),
	}, dot(name), `${name.replace("_", " ")} ${counts[name].toLocaleString("en")}`)));
	const option = (value) => make("option", { value }, value || "any");
	const targets = [...new Set(ROWS.map((row) => row.target))].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
	$("space").append(...["", ...DATA.summaries.map((each) => each.space)].map(option));
	$("register").append(...["", ...targets].map(option));
	$("symbols").append(...[...new Set(ROWS.map(functionOf))].sort().map((value) => make("option", { value })));
	$("space").addEventListener("change", (event) => choose({ space: event.target.value }));
	$("register").addEventListener("change", (event) => choose({ register: event.target.value }));
	$("symbol").addEventListener("input", (event) => choose({ symbol: event.target.value }));
	$("reset").addEventListener("click", () => choose({ outcomes: new Set(NAMES), space: "", symbol: "", register: "" }));
	$("more").addEventListener("click", () => choose({ rows: shown.rows + 10 * PAGE_ROWS }));
	const columns = ["id", "outcome", "fault", "where", "why", "again"];
	$("rows").tHead.append(make("tr", {}, ...columns.map((name) => make("th", {}, name))));
	draw();
}

begin();
