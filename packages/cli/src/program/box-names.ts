/** The argument of a command about boxes. */
export const BOXES = ["<box...>", "names, IDs, or beginnings of IDs that no other box has"] as const;

/** The argument of a command about one box. */
export const BOX = ["<box>", "name, ID, or the beginning of an ID that no other box has"] as const;
