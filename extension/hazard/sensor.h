/* A sensor and its readings as the tables know them, in and out of C. */
#ifndef PASSPORT_HAZARD_SENSOR_H
#define PASSPORT_HAZARD_SENSOR_H

#include "utils/array.h"

#include "hazard/batch.h"

/* A second reading is enough for stages up to this one; see gate.h. */
#define MOST_STAGE_BY_SECOND 3

/* All want an SPI connection. */
extern void LoadSensor(text *name, Sensor *sensor);
extern void StoreSensor(text *name, const Sensor *sensor);
extern void LoadStored(text *name, const Sensor *sensor, Reading *readings, int count);
extern void LoadWitnesses(text *name, const Sensor *sensor, Reading *readings, int count);
extern void StoreReadings(text *name, const Reading *readings, int count);
extern void StoreConfirmation(text *name, const Confirmation *confirmation, unsigned reason);
extern void FollowStage(text *name, const Sensor *sensor, int before);
extern ArrayType *ReasonArray(unsigned reasons);
extern Datum TimeArray(const Reading *readings, int count);

/* row.c: the rows that the last statement returned */
extern bool RowHas(uint64 row, int column);
extern bool RowFlag(uint64 row, int column);
extern double RowDouble(uint64 row, int column, double absent);
extern int64 RowInt64(uint64 row, int column, int64 absent);
extern GateReading RowReading(uint64 row, int at_column, int value_column);

#endif
