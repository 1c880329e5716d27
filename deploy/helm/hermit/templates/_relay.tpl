{{/* What the relay's container is told; shared by the Deployment, the migrations and the test. */}}

{{- define "hermit.gracePeriod" -}}
{{ add .Values.drain.preStopSeconds .Values.drain.seconds .Values.drain.closeSeconds }}
{{- end }}

{{/* One variable, from a Secret that exists or from the one the chart makes. (list $ "JWT_SECRET" .Values.auth) */}}
{{- define "hermit.secretEnv" -}}
{{- $ := index . 0 -}}
{{- $from := index . 2 -}}
- name: {{ index . 1 }}
  valueFrom:
    secretKeyRef:
      name: {{ default (include "hermit.secretName" $) $from.existingSecret }}
      key: {{ $from.existingSecretKey }}
{{- end }}

{{- define "hermit.relayEnv" -}}
{{- $demo := printf "%s-demo" (include "hermit.fullname" .) -}}
{{- if .Values.demo.enabled }}
- name: DEMO_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ $demo }}
      key: password
- name: JWT_SECRET
  valueFrom:
    secretKeyRef:
      name: {{ $demo }}
      key: jwt-secret
- name: REDIS_URL
  value: redis://:$(DEMO_PASSWORD)@{{ $demo }}-redis:6379
- name: DATABASE_URL
  value: postgres://hermit:$(DEMO_PASSWORD)@{{ $demo }}-postgres:5432/hermit
{{- else }}
{{- include "hermit.secretEnv" (list . "JWT_SECRET" .Values.auth) }}
{{ include "hermit.secretEnv" (list . "REDIS_URL" .Values.redis) }}
{{ include "hermit.secretEnv" (list . "DATABASE_URL" .Values.database) }}
{{- end }}
- name: REDIS_MODE
  value: {{ .Values.redis.mode }}
{{- if eq .Values.redis.mode "sentinel" }}
- name: REDIS_SENTINEL_NAME
  value: {{ .Values.redis.sentinelName | quote }}
{{- end }}
- name: REDIS_PREFIX
  value: {{ .Values.redis.prefix | quote }}
{{- if .Values.redis.ca.existingSecret }}
- name: REDIS_CA_FILE
  value: /run/hermit/redis-ca/ca.crt
{{- end }}
- name: DATABASE_POOL
  value: {{ .Values.database.pool | quote }}
{{- if .Values.database.ca.existingSecret }}
- name: DATABASE_CA_FILE
  value: /run/hermit/database-ca/ca.crt
{{- end }}
- name: LOG_LEVEL
  value: {{ .Values.logLevel }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "hermit.relayVolumeMounts" -}}
{{- range $name := list "redis" "database" }}
{{- if (index $.Values $name).ca.existingSecret }}
- name: {{ $name }}-ca
  mountPath: /run/hermit/{{ $name }}-ca
  readOnly: true
{{- end }}
{{- end }}
{{- end }}

{{- define "hermit.relayVolumes" -}}
{{- range $name := list "redis" "database" }}
{{- with (index $.Values $name).ca }}
{{- if .existingSecret }}
- name: {{ $name }}-ca
  secret:
    secretName: {{ .existingSecret }}
    items:
      - key: {{ .existingSecretKey }}
        path: ca.crt
{{- end }}
{{- end }}
{{- end }}
{{- end }}
