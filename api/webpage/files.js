// Documents that were sent from this tab, so that their pages can be shown: the service erases them when their
// extraction ends. They are in memory only, the latest ones, and gone with the tab.

const MOST = 200;
const files = new Map();

export function keep(id, file) {
  files.set(id, file);
  if (files.size > MOST) files.delete(files.keys().next().value);
}

export const kept = (id) => files.get(id);
