package dynamodb

import (
	"time"

	"transactional-outbox/local/awsapi"
)

const (
	defaultRecoveryDays = 35
	backupDelay         = 5 * time.Minute // how far behind the latest restorable time is
)

type continuousBackupsRequest struct {
	TableName                        string
	PointInTimeRecoverySpecification *struct {
		PointInTimeRecoveryEnabled *bool
		RecoveryPeriodInDays       *int64
	}
}

func (e *Engine) updateContinuousBackups(auth awsapi.Authorizer, request []byte) ([]byte, error) {
	var r continuousBackupsRequest
	if err := decode(request, &r); err != nil {
		return nil, err
	}
	spec := r.PointInTimeRecoverySpecification
	var c constraints
	c.required(spec != nil, "pointInTimeRecoverySpecification")
	if spec != nil {
		c.required(spec.PointInTimeRecoveryEnabled != nil, "pointInTimeRecoverySpecification.pointInTimeRecoveryEnabled")
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	t, err := e.openBackups(auth, "UpdateContinuousBackups", r.TableName)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	s := &t.settings
	if *spec.PointInTimeRecoveryEnabled && !s.recoveryPoints {
		s.recoveryPointsSince = e.options.Clock()
	}
	s.recoveryPoints = *spec.PointInTimeRecoveryEnabled
	s.recoveryDays = defaultRecoveryDays
	if spec.RecoveryPeriodInDays != nil {
		s.recoveryDays = *spec.RecoveryPeriodInDays
	}
	t.mu.Unlock()
	return e.backupsOf(t)
}

func (e *Engine) describeContinuousBackups(auth awsapi.Authorizer, request []byte) ([]byte, error) {
	var r tableRequest
	if err := decode(request, &r); err != nil {
		return nil, err
	}
	t, err := e.openBackups(auth, "DescribeContinuousBackups", r.TableName)
	if err != nil {
		return nil, err
	}
	return e.backupsOf(t)
}

// openBackups is openNamed for the operations on backups, which have an error of their own for tables that do not exist.
func (e *Engine) openBackups(auth awsapi.Authorizer, action, name string) (*table, error) {
	t, err := e.openNamed(auth, action, name)
	if isNotFound(err) {
		err = awsapi.Errorf("TableNotFoundException", "Table not found: %s", tableNameOf(name))
	}
	return t, err
}

// backupsOf describes the settings; the desk makes no backups.
func (e *Engine) backupsOf(t *table) ([]byte, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	recovery := map[string]any{"PointInTimeRecoveryStatus": "DISABLED"}
	if s := &t.settings; s.recoveryPoints {
		latest := e.options.Clock().Add(-backupDelay)
		if latest.Before(s.recoveryPointsSince) {
			latest = s.recoveryPointsSince
		}
		recovery = map[string]any{
			"PointInTimeRecoveryStatus":  "ENABLED",
			"RecoveryPeriodInDays":       s.recoveryDays,
			"EarliestRestorableDateTime": seconds(s.recoveryPointsSince),
			"LatestRestorableDateTime":   seconds(latest),
		}
	}
	return encode(map[string]any{"ContinuousBackupsDescription": map[string]any{
		"ContinuousBackupsStatus":        "ENABLED",
		"PointInTimeRecoveryDescription": recovery,
	}})
}
