/** Tasks of a sweep as a grid of squares: one stop for the Tab key, arrows within, and words for the one that is looked at. */

import { h, SHAPES, statusBadge } from "./dom.js";

/** Links of a task at once. */
const MOST_LINKS = 40;
/** From here on squares are small. */
const MANY = 150;

/**
 * A grid of tasks.
 *
 * @returns {{ element: HTMLElement, show(tasks: object[], cellNames: string[]): void }} `show` takes the tasks as the server tells
 *   them, and changes the squares whose task has changed
 */
export function taskGrid() {
  const squares = h("div", { class: "squares", role: "group", "aria-label": "Tasks; arrow keys move between them" });
  const details = h("div", { class: "task", hidden: true });
  let [tasks, names, current, shown] = [[], [], 0, ""];

  const textOf = ({ name, status }, index) => `task ${index}, ${status}: ${name}`.slice(0, 200);

  function point(index, { focus = false } = {}) {
    squares.children[current]?.setAttribute("tabindex", "-1");
    current = Math.max(0, Math.min(tasks.length - 1, index));
    squares.children[current].setAttribute("tabindex", "0");
    if (focus) squares.children[current].focus();
  }

  function tell() {
    const task = tasks[current];
    const stamp = JSON.stringify([current, task]);
    if (task === undefined || stamp === shown) return;
    shown = stamp;
    details.hidden = false;
    const link = (run, part) =>
      h(
        "li",
        {},
        h("a", { href: `run?${new URLSearchParams({ id: run })}` }, names[task.cells[part]] ?? "its run"),
      );
    details.replaceChildren(
      h(
        "p",
        {},
        h("b", {}, `Task ${current} `),
        statusBadge(task.status),
        h("span", { class: "quiet" }, ` ${task.hash}`),
      ),
      h("p", {}, task.name),
      task.reason ? h("p", { class: "problem" }, task.reason) : "",
      task.runs.length === 0
        ? h("p", { class: "quiet" }, "It has not started.")
        : h("ul", { class: "chosen" }, ...task.runs.slice(0, MOST_LINKS).map(link)),
      task.runs.length > MOST_LINKS
        ? h("p", { class: "quiet" }, `and ${task.runs.length - MOST_LINKS} more, in the list of runs`)
        : "",
    );
  }

  const indexOf = (target) => {
    const button = target.closest?.("button");
    return button === null || button === undefined ? -1 : [...squares.children].indexOf(button);
  };
  squares.addEventListener("focusin", ({ target }) => {
    const index = indexOf(target);
    if (index < 0) return;
    point(index);
    tell();
  });
  squares.addEventListener("click", ({ target }) => {
    const index = indexOf(target);
    if (index < 0) return;
    point(index, { focus: true });
    tell();
  });
  squares.addEventListener("keydown", (event) => {
    const step = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: columns(),
      ArrowUp: -columns(),
      Home: -Infinity,
      End: Infinity,
    }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    if (Math.abs(step) > 1 && Number.isFinite(step) && (current + step < 0 || current + step >= tasks.length)) return;
    point(current + step, { focus: true });
  });

  /** Squares in a row. */
  function columns() {
    const { offsetTop } = squares.children[0];
    const next = [...squares.children].findIndex((square) => square.offsetTop !== offsetTop);
    return next < 0 ? squares.childElementCount : next;
  }

  return {
    element: h("div", {}, squares, details),
    show(next, cellNames) {
      names = cellNames;
      if (next.length !== tasks.length) {
        squares.classList.toggle("small-squares", next.length > MANY);
        squares.replaceChildren(
          ...next.map((_, index) => h("button", { type: "button", tabindex: index === 0 ? "0" : "-1" })),
        );
        [tasks, current] = [[], 0];
      }
      next.forEach((task, index) => {
        const known = tasks[index];
        if (known?.status === task.status && known.name === task.name) return;
        const square = squares.children[index];
        square.className = `square ${task.status}`;
        square.textContent = SHAPES[task.status] ?? "?";
        square.setAttribute("aria-label", textOf(task, index));
        square.setAttribute("title", textOf(task, index));
      });
      tasks = next;
      if (!details.hidden) tell();
    },
  };
}
