/** What a page and its figures say, in English and Korean: one table. */

export const languages = ['en', 'ko'] as const
export type Language = (typeof languages)[number]
export const languageNames: Readonly<Record<Language, string>> = { en: 'English', ko: '한국어' }

const en = {
  title: 'Report',
  results: 'Results',
  curves: 'Learning curves',
  experiments: 'Experiments',
  timeline: 'Where the time went',
  logged: 'Logged',
  details: 'Configuration, data and environment',
  experiment: 'experiment',
  condition: 'condition',
  report: 'report',
  ours: 'ours',
  seconds: 'seconds',
  status: 'status',
  seeds: 'seeds',
  seed: 'seed',
  stage: 'stage',
  epoch: 'epoch',
  epochs: 'epochs',
  train: 'training',
  validation: 'validation',
  test: 'test',
  truth: 'truth',
  estimate: 'estimate',
  confidence: 'confidence',
  accuracy: 'accuracy',
  examples: 'examples',
  language: 'Language',
  theme: 'Theme',
  auto: 'auto',
  light: 'light',
  dark: 'dark',
  logScale: 'Logarithmic scale',
  showAll: 'all',
  showNone: 'none',
  confusion: 'Confusion matrix',
  calibration: 'Calibration',
  calibrationError: 'expected calibration error',
  perfect: 'as sure as right',
  mistakes: 'Most confident mistakes',
  samples: 'Samples',
  estimates: 'Estimates beside truths',
  residuals: 'Residuals: truth minus estimate',
  residual: 'truth − estimate',
  coverage: 'of the truths are inside their interval',
  interval: 'interval',
  reconstructions: 'Inputs, and below them their reconstructions',
  weights: 'First layer: the weights of each unit',
  weightsShown: 'shown',
  codes: 'Codes in two dimensions',
  principal: 'principal components',
  component: 'principal component',
  umap: 'UMAP',
  ofVariance: 'of the variance',
  code: 'code',
  class: 'class',
  walks: 'Walks from code to code, decoded',
  hashing: 'Search by codes',
  query: 'queries',
  queries: 'Queries, and the nearest images by their bits',
  retrieval: 'Precision and recall by Hamming distance',
  precision: 'precision',
  recall: 'recall',
  radius: 'bits that may differ',
  meanAveragePrecision: 'mean average precision',
  bits: 'bits',
  input: 'input',
  output: 'reconstruction',
  workers: 'threads',
  overQueue: 'over a queue',
  workersInUse: 'threads in use',
  started: 'started',
  duration: 'took',
  machine: 'machine',
  cores: 'cores',
  engine: 'engine',
  versions: 'versions',
  commit: 'commit',
  numerics: 'numerics',
  data: 'data',
  hash: 'SHA-256',
  weightsHash: 'SHA-256 of the weights',
  stageHash: 'SHA-256 of the stage',
  config: 'configuration',
  shared: 'shared by',
  reused: 'trained by an earlier run',
  shownWith: 'shown with',
  warnings: 'Warnings',
  missing: 'Figures that are left out',
  asTable: 'As a table',
  noCurves: 'No epochs have ended yet.',
  done: 'done',
  failed: 'failed',
  interrupted: 'stopped',
  running: 'running',
  waiting: 'waiting',
  band: 'Bands: from the least to the largest over the seeds.',
  dashed: 'Solid: validation; dashed: training.',
  reportBar: 'bar: ours; mark: the report',
  count: 'count',
  cpu: 'CPU',
  memory: 'memory',
  ofSubmitter: 'of the submitting process',
  atMost: 'at most',
  files: 'Files',
  showText: 'Show the text',
  rows: 'rows',
  columns: 'columns',
  smaller: 'smaller than logged:',
  leftOut: 'left out, as the page would be too large',
  largeFile: 'too large for this page: events.jsonl of the run has it',
  moreLogged: 'Left out, as many names were logged before them',
} as const

export type Words = { readonly [Word in keyof typeof en]: string }

const ko: Words = {
  title: '보고서',
  results: '결과',
  curves: '학습 곡선',
  experiments: '실험',
  timeline: '시간 사용',
  logged: '기록',
  details: '설정, 데이터, 환경',
  experiment: '실험',
  condition: '조건',
  report: '보고서',
  ours: '이번 결과',
  seconds: '초',
  status: '상태',
  seeds: '시드',
  seed: '시드',
  stage: '단계',
  epoch: '에폭',
  epochs: '에폭',
  train: '학습',
  validation: '검증',
  test: '평가',
  truth: '정답',
  estimate: '추정',
  confidence: '확신도',
  accuracy: '정확도',
  examples: '예제',
  language: '언어',
  theme: '테마',
  auto: '자동',
  light: '밝게',
  dark: '어둡게',
  logScale: '로그 눈금',
  showAll: '모두',
  showNone: '없음',
  confusion: '혼동 행렬',
  calibration: '보정 곡선',
  calibrationError: '기대 보정 오차',
  perfect: '확신한 만큼 맞음',
  mistakes: '가장 확신한 오답',
  samples: '표본',
  estimates: '정답과 추정',
  residuals: '잔차: 정답 − 추정',
  residual: '정답 − 추정',
  coverage: '의 정답이 구간 안에 있음',
  interval: '구간',
  reconstructions: '입력과 그 아래의 복원',
  weights: '첫 층: 각 유닛의 가중치',
  weightsShown: '표시',
  codes: '2차원 코드',
  principal: '주성분',
  component: '주성분',
  umap: 'UMAP',
  ofVariance: '분산 비율',
  code: '코드',
  class: '클래스',
  walks: '코드 사이를 걸으며 복원한 영상',
  hashing: '코드로 찾기',
  query: '질의',
  queries: '질의와 비트가 가장 가까운 영상',
  retrieval: '해밍 거리에 따른 정밀도와 재현율',
  precision: '정밀도',
  recall: '재현율',
  radius: '달라도 되는 비트 수',
  meanAveragePrecision: '평균 정밀도의 평균',
  bits: '비트',
  input: '입력',
  output: '복원',
  workers: '스레드',
  overQueue: '큐를 통해',
  workersInUse: '사용 중인 스레드',
  started: '시작',
  duration: '걸린 시간',
  machine: '기계',
  cores: '코어',
  engine: '엔진',
  versions: '버전',
  commit: '커밋',
  numerics: '수치',
  data: '데이터',
  hash: 'SHA-256',
  weightsHash: '가중치의 SHA-256',
  stageHash: '단계의 SHA-256',
  config: '설정',
  shared: '함께 쓰는 실험:',
  reused: '앞선 실행에서 학습됨',
  shownWith: '함께 표시:',
  warnings: '경고',
  missing: '빠진 그림',
  asTable: '표로 보기',
  noCurves: '끝난 에폭이 아직 없습니다.',
  done: '완료',
  failed: '실패',
  interrupted: '중단',
  running: '진행 중',
  waiting: '대기',
  band: '띠: 시드 전체의 최솟값부터 최댓값까지.',
  dashed: '실선: 검증, 점선: 학습.',
  reportBar: '막대: 이번 결과, 표시: 보고서',
  count: '개수',
  cpu: 'CPU',
  memory: '메모리',
  ofSubmitter: '제출한 프로세스',
  atMost: '최대',
  files: '파일',
  showText: '내용 보기',
  rows: '행',
  columns: '열',
  smaller: '기록보다 작게 표시:',
  leftOut: '페이지가 너무 커져 생략',
  largeFile: '이 페이지에 넣기에는 큼: 실행의 events.jsonl에 있음',
  moreLogged: '앞서 기록된 이름이 많아 생략',
}

export const words: Readonly<Record<Language, Words>> = { en, ko }

/** Metrics that the report has words for; others by the names that their models give. */
const METRICS: Readonly<Record<string, string>> = { loss: '비용', accuracy: '정확도' }

/** `test.accuracy`, in Korean `평가 정확도`. */
export function metricWord(name: string, language: Language): string {
  if (language === 'en') return name
  const [part = '', ...rest] = name.split('.')
  const own = rest.join('.')
  const before = part === 'test' || part === 'validation' ? ko[part] : undefined
  return before !== undefined && own !== '' ? `${before} ${METRICS[own] ?? own}` : (METRICS[name] ?? name)
}

/** Three digits after the dot, or three that count where that is none. */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return '–'
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-4 || size >= 1e6)) return value.toExponential(2)
  if (size !== 0 && size < 0.01) return value.toPrecision(3)
  return value.toFixed(size >= 1000 ? 1 : 3)
}

/** `97 %`; near 100, where it matters, `99.8 %`. */
export function percentText(share: number): string {
  return `${(100 * share).toFixed(share > 0.995 && share < 0.9995 ? 1 : 0)} %`
}

/** `812 B`, `1.5 MB`, as disks count. */
export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = Math.max(0, Math.min(units.length - 1, Math.floor(Math.log10(bytes || 1) / 3)))
  const value = bytes / 1000 ** power
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power] ?? ''}`
}

/** `9.6 s`, `12 min 5 s`. */
export function durationText(seconds: number): string {
  if (seconds < 100) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60]
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${whole % 60} s`
}
