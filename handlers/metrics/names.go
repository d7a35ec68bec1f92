package metrics

// Namespace holds all metrics. Alarms and dashboard, which do not import this package, name it and them too; a test compares.
const Namespace = "TransactionalOutbox"

// A Metric is one thing that is counted or measured.
type Metric uint8

// The metrics, by the function that has them.
const (
	None Metric = iota // nothing is counted

	// placeorder
	OrdersPlaced   // orders written
	OrdersReplayed // requests answered with what an earlier one has written
	// placeorder, cancelorder
	TransactionConflicts // attempts of a transaction that met another one
	// cancelorder
	OrdersCancelled // orders cancelled
	// fulfilment
	EventsApplied     // events that had their effect
	CommitToEffect    // ms from an event to its effect
	DuplicatesDropped // records of events that had had their effect before
	GapsFilled        // events read from the outbox because their records had not come
	OrdersParked      // orders marked as parked
	// auditor
	EventsResurrected // expired events put back

	metrics // how many there are
)

// String is the metric's name in CloudWatch.
func (m Metric) String() string {
	switch m {
	case OrdersPlaced:
		return "OrdersPlaced"
	case OrdersReplayed:
		return "OrdersReplayed"
	case TransactionConflicts:
		return "TransactionConflicts"
	case OrdersCancelled:
		return "OrdersCancelled"
	case EventsApplied:
		return "EventsApplied"
	case CommitToEffect:
		return "CommitToEffect"
	case DuplicatesDropped:
		return "DuplicatesDropped"
	case GapsFilled:
		return "GapsFilled"
	case OrdersParked:
		return "OrdersParked"
	case EventsResurrected:
		return "EventsResurrected"
	}
	return ""
}

// unit is the metric's unit in CloudWatch.
func (m Metric) unit() string {
	if m == CommitToEffect {
		return "Milliseconds"
	}
	return "Count"
}
