/** Address of a served model file, or null with a message when the server has none. */
export async function modelAt(path: string): Promise<string | null> {
  const url = new URL(`/models/${path}`, location.origin).href;
  const response = await fetch(url, { method: 'HEAD' });
  if (response.ok) return url;
  console.warn(`Skipped: ${path} is not there. Run \`npm run models\` to fetch it.`);
  return null;
}
