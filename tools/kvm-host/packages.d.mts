export const debianPackages: readonly string[];
export const programs: Readonly<Record<string, string>>;
