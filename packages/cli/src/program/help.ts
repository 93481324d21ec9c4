import { styleText } from "node:util";
import { Help, type HelpConfiguration, type Option } from "commander";

const { optionDescription } = Help.prototype;

/** How help looks. Titles are bold where colours are welcome, which commander finds out; `NO_COLOR` counts. */
export const HELP: HelpConfiguration = {
  styleTitle: (title) => styleText("bold", title, { validateStream: false }),
  // What a command takes is its own page's.
  subcommandTerm: (command) => command.name(),
  // That a repeatable option is given not once is not worth a word.
  optionDescription(this: Help, option: Option) {
    return Array.isArray(option.defaultValue) ? option.description : optionDescription.call(this, option);
  },
};
