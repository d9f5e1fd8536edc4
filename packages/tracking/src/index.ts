export { csv, jsonLines } from './files.js'
export { mlflow, type MlflowOptions } from './mlflow/mlflow.js'
export { tensorBoard, type TensorBoardOptions } from './tensorboard/tensorboard.js'
