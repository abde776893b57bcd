{{/* Labels of everything in the release; the component is passed as a list: (list $ "operator"). */}}
{{- define "desk.labels" -}}
{{- $root := index . 0 -}}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
app.kubernetes.io/part-of: trading-desk
{{ include "desk.selector" . }}
{{- end }}

{{- define "desk.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ index . 1 }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
{{- end }}

{{- define "desk.operator.name" -}}
{{ printf "%s-operator" .Release.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* In cluster mode the name belongs to the cluster, where another release may live in another namespace. */}}
{{- define "desk.operator.clusterName" -}}
{{ printf "%s-%s" .Release.Namespace (include "desk.operator.name" .) }}
{{- end }}

{{- define "desk.botsReportOnly.name" -}}
{{ printf "%s-%s-bots-report-only" .Release.Namespace .Release.Name }}
{{- end }}

{{- define "desk.leasesOfBots.name" -}}
{{ printf "%s-%s-leases-of-bots" .Release.Namespace .Release.Name }}
{{- end }}

{{- define "desk.haltsAcknowledged.name" -}}
{{ printf "%s-%s-halts-acknowledged-by-people" .Release.Namespace .Release.Name }}
{{- end }}

{{- define "desk.watch.namespace" -}}
{{ .Values.watch.namespace | default .Release.Namespace }}
{{- end }}

{{- define "desk.operator.image" -}}
{{ printf "%s:%s" .Values.operator.image.repository (.Values.operator.image.tag | default .Chart.AppVersion) }}
{{- end }}

{{- define "desk.bot.image" -}}
{{ printf "%s:%s" .Values.bot.image.repository (.Values.bot.image.tag | default .Chart.AppVersion) }}
{{- end }}

{{- define "desk.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "desk.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/*
What the operator may do. It must hold what it grants to a bot, or the API server refuses the grant: reading
TradingBots, reporting in their status, and holding their Leases.
*/}}
{{- define "desk.operator.rules" -}}
- apiGroups: [tradingdesk.io]
  resources: [tradingbots, riskpolicies]
  verbs: [get, list, watch]
- apiGroups: [tradingdesk.io]
  resources: [tradingbots/status, riskpolicies/status]
  verbs: [get, patch]
# An owner reference that blocks the owner's deletion needs this where that admission plugin is on.
- apiGroups: [tradingdesk.io]
  resources: [tradingbots/finalizers]
  verbs: [update]
- apiGroups: [apps]
  resources: [statefulsets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [""]
  resources: [serviceaccounts]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [rbac.authorization.k8s.io]
  resources: [roles, rolebindings]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, watch, delete]
# A halt that an engine does not confirm in time is finished by a Job.
- apiGroups: [batch]
  resources: [jobs]
  verbs: [get, list, watch, create, delete]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [get, list, watch, create, update, patch, delete]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [get, create, patch, delete]
{{- end }}
