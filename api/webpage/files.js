// Documents that were sent from this tab, so that their pages can be shown: the service erases them when their
// extraction ends. They are in memory only, the latest ones, and gone with the tab.

const MOST = 200;
const files = new Map();

export function keep(id, file) {
  files.set(id, file);
  if (files.size > MOST) files.delete(files.keys().next().value);
}

export const kept = (id) => files.get(id);

/** The bytes of a file, as JSON carries them. */
export function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(new Error(`${file.name} cannot be read`));
    reader.readAsDataURL(file);
  });
}
