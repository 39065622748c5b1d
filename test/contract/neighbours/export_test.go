package neighbours

// Check runs the table and gives what is wrong, by the name of the row.
var Check = check
