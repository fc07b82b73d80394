/** The part of qrcode-generator that the studio uses. */
declare function qrcode(type: 0, level: "L" | "M" | "Q" | "H"): {
  addData(text: string): void;
  make(): void;
  getModuleCount(): number;
  isDark(row: number, column: number): boolean;
};
export default qrcode;
