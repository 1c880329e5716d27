{{/* Names and labels. */}}

{{- define "hermit.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* What every object's name begins with; short enough for "-demo-postgres" behind it. */}}
{{- define "hermit.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- $name := include "hermit.name" . }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{/* What selects the pods of a part; it never changes. Called with (list $ "relay"). */}}
{{- define "hermit.selector" -}}
{{- $ := index . 0 -}}
app.kubernetes.io/name: {{ include "hermit.name" $ }}
app.kubernetes.io/instance: {{ $.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "hermit.labels" -}}
{{- $ := index . 0 -}}
{{ include "hermit.podLabels" . }}
app.kubernetes.io/managed-by: {{ $.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $.Chart.Name $.Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Without the chart's version: a chart that describes the same pods does not replace them. */}}
{{- define "hermit.podLabels" -}}
{{- $ := index . 0 -}}
{{ include "hermit.selector" . }}
app.kubernetes.io/part-of: hermit
app.kubernetes.io/version: {{ $.Chart.AppVersion | quote }}
{{- with $.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "hermit.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (printf "%s-relay" (include "hermit.fullname" .)) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{/* The Secret that the chart makes of values. */}}
{{- define "hermit.secretName" -}}
{{ include "hermit.fullname" . }}-relay
{{- end }}

{{/* An image, from (list $ .Values.image). */}}
{{- define "hermit.image" -}}
{{- $ := index . 0 -}}
{{- $image := index . 1 -}}
{{- with $.Values.image.registry }}{{ trimSuffix "/" . }}/{{ end }}{{ $image.repository }}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ default $.Chart.AppVersion $image.tag }}{{ end }}
{{- end }}

{{- define "hermit.demoImage" -}}
{{- $ := index . 0 -}}
{{- with $.Values.image.registry }}{{ trimSuffix "/" . }}/{{ end }}{{ index . 1 }}
{{- end }}

{{/* Pod Security "restricted", as a user; 0: whom the platform chooses. */}}
{{- define "hermit.podSecurity" -}}
runAsNonRoot: true
{{- if . }}
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
{{- end }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "hermit.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}
