/**
 * Starts and ends that are looked at for leftovers: A3S_CYCLES, else 500 in `npm run soak`.
 * @param usual in an ordinary run
 */
export function cycles(usual: number): number {
  const { A3S_CYCLES, A3S_SOAK } = process.env;
  if (A3S_CYCLES === undefined) return A3S_SOAK === "1" ? 500 : usual;
  if (!/^[1-9]\d*$/.test(A3S_CYCLES)) throw new Error(`A3S_CYCLES is ${A3S_CYCLES}, which is no number of starts`);
  return Number(A3S_CYCLES);
}
