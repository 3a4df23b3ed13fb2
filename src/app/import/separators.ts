/** What may stand between the cells of a table. */
export const separators = [',', '\t', ';', '|'] as const;
