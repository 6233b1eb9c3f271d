"""What there is: studies, series and volumes with pictures, warnings and a count that adds up."""
