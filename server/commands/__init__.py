"""The subcommands of `unitbrush`, one module each: `add_arguments(parser)` and `run(args)`."""
