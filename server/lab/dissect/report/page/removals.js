var REMOVALS = null;
