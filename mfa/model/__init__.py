"""The model of a city: processes, flows, stocks, parameters, relations and observations."""
