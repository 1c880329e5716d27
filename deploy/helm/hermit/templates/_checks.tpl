{{/* Mistakes in values, each answered by a sentence that says what to do. All are told at once. */}}

{{- define "hermit.check" -}}
{{- $problems := list -}}
{{- $values := .Values -}}
{{- if $values.demo.enabled }}
  {{- range $part, $field := dict "auth" "jwtSecret" "redis" "url" "database" "url" }}
    {{- $given := index $values $part }}
    {{- if or (index $given $field) $given.existingSecret }}
      {{- $problems = append $problems (printf "demo.enabled brings its own Redis, Postgres and secrets: remove what is set under %s, or set demo.enabled to false." $part) }}
    {{- end }}
  {{- end }}
{{- else }}
  {{- $parts := list
    (dict "name" "auth" "field" "jwtSecret" "what" "the key that signs tokens" "example" "--from-literal=jwt-secret=\"$(openssl rand -base64 32)\"")
    (dict "name" "redis" "field" "url" "what" "the URL of Redis" "example" "--from-literal=redis-url=redis://:PASSWORD@HOST:6379")
    (dict "name" "database" "field" "url" "what" "the URL of Postgres" "example" "--from-literal=database-url=postgres://USER:PASSWORD@HOST:5432/hermit") }}
  {{- range $part := $parts }}
    {{- $given := index $values $part.name }}
    {{- if and (index $given $part.field) $given.existingSecret }}
      {{- $problems = append $problems (printf "%s.%s and %s.existingSecret exclude each other: set one." $part.name $part.field $part.name) }}
    {{- else if not (or (index $given $part.field) $given.existingSecret) }}
      {{- $problems = append $problems (printf "%s is missing: put it into a Secret (kubectl create secret generic hermit %s) and set %s.existingSecret=hermit; or set %s.%s. For a first look set demo.enabled=true instead." $part.what $part.example $part.name $part.name $part.field) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- with $values.auth.jwtSecret }}
  {{- range $secret := splitList "," . }}
    {{- if lt (len $secret) 32 }}
      {{- $problems = append $problems (printf "auth.jwtSecret has a key of %d characters: at least 32 are needed (openssl rand -base64 32)." (len $secret)) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- with $values.redis.url }}
  {{- if not (regexMatch "^rediss?://[^\\s,]+(,rediss?://[^\\s,]+)*$" .) }}
    {{- $problems = append $problems "redis.url must look like redis://:password@host:6379 (rediss: for TLS), or be several such with commas between." }}
  {{- else if and (contains "," .) (eq $values.redis.mode "single") }}
    {{- $problems = append $problems "redis.url names several servers: set redis.mode to sentinel or cluster." }}
  {{- end }}
{{- end }}
{{- with $values.database.url }}
  {{- if not (regexMatch "^postgres(ql)?://\\S+$" .) }}
    {{- $problems = append $problems "database.url must look like postgres://user:password@host:5432/hermit." }}
  {{- end }}
{{- end }}
{{- if and $values.migrations.job.enabled (not (and $values.auth.existingSecret $values.redis.existingSecret $values.database.existingSecret)) }}
  {{- $problems = append $problems "migrations.job.enabled runs before the chart's own objects exist: set auth.existingSecret, redis.existingSecret and database.existingSecret." }}
{{- end }}
{{- if and $values.ingress.enabled (empty $values.ingress.hosts) }}
  {{- $problems = append $problems "ingress.enabled needs ingress.hosts, such as [hermit.example.org]." }}
{{- end }}
{{- if and $values.ingress.tls.secretName (not $values.ingress.tls.enabled) }}
  {{- $problems = append $problems "ingress.tls.secretName is set, and ingress.tls.enabled is false: set it to true." }}
{{- end }}
{{- if and $values.httpRoute.enabled (empty $values.httpRoute.parentRefs) }}
  {{- $problems = append $problems "httpRoute.enabled needs httpRoute.parentRefs, such as [{name: gateway, namespace: infra}]." }}
{{- end }}
{{- if $values.autoscaling.enabled }}
  {{- if lt (int $values.autoscaling.maxReplicas) (int $values.autoscaling.minReplicas) }}
    {{- $problems = append $problems (printf "autoscaling.maxReplicas (%d) is less than autoscaling.minReplicas (%d)." (int $values.autoscaling.maxReplicas) (int $values.autoscaling.minReplicas)) }}
  {{- end }}
  {{- if not (or $values.autoscaling.targetCPU $values.autoscaling.connections.enabled) }}
    {{- $problems = append $problems "autoscaling.enabled needs something to scale by: autoscaling.targetCPU or autoscaling.connections.enabled." }}
  {{- end }}
  {{- if and $values.autoscaling.connections.enabled (not $values.metrics.enabled) }}
    {{- $problems = append $problems "autoscaling.connections.enabled needs metrics.enabled." }}
  {{- end }}
{{- end }}
{{- if and (not $values.metrics.enabled) (or $values.metrics.serviceMonitor.enabled $values.metrics.prometheusRule.enabled) }}
  {{- $problems = append $problems "metrics.serviceMonitor and metrics.prometheusRule need metrics.enabled." }}
{{- end }}
{{- if $values.agent.enabled }}
  {{- if not $values.agent.existingSecret }}
    {{- $problems = append $problems "agent.enabled needs agent.existingSecret, a Secret with a machine token: hermit machine add NAME prints one; kubectl create secret generic hermit-agent --from-literal=token=hmt_..." }}
  {{- end }}
  {{- if and (eq $values.agent.kind "Deployment") (not $values.agent.name) }}
    {{- $problems = append $problems "agent.name is missing: the name that the machine was added by." }}
  {{- end }}
  {{- if and (eq $values.agent.kind "DaemonSet") (or $values.agent.name $values.agent.persistence.existingClaim) }}
    {{- $problems = append $problems "agent.name and agent.persistence.existingClaim are for one machine: a DaemonSet has one for every node, called as the node." }}
  {{- end }}
{{- end }}
{{- $problems = concat $problems (include "hermit.missingSecrets" . | fromJsonArray) -}}
{{- with $problems }}
  {{- fail (printf "\n\nHermit cannot be installed like this:\n- %s\n" (join "\n- " .)) }}
{{- end }}
{{- end }}

{{/*
Secrets that are named and not there, as a JSON list. Looked for only where Helm speaks to a cluster and the namespace
exists (every namespace has this ConfigMap); elsewhere the kubelet will say it.
*/}}
{{- define "hermit.missingSecrets" -}}
{{- $problems := list -}}
{{- $namespace := .Release.Namespace -}}
{{- if lookup "v1" "ConfigMap" $namespace "kube-root-ca.crt" }}
  {{- $wanted := list (list "auth" .Values.auth) (list "redis" .Values.redis) (list "database" .Values.database) (list "redis.ca" .Values.redis.ca) (list "database.ca" .Values.database.ca) }}
  {{- if .Values.agent.enabled }}
    {{- $agent := .Values.agent }}
    {{- if eq $agent.kind "DaemonSet" }}{{ $agent = dict "existingSecret" $agent.existingSecret "existingSecretKey" "" }}{{ end }}
    {{- $wanted = append $wanted (list "agent" $agent) }}
  {{- end }}
  {{- range $pair := $wanted }}
    {{- $name := index $pair 0 }}
    {{- $given := index $pair 1 }}
    {{- if $given.existingSecret }}
      {{- $secret := lookup "v1" "Secret" $namespace $given.existingSecret }}
      {{- if not $secret }}
        {{- $problems = append $problems (printf "%s.existingSecret: there is no Secret \"%s\" in the namespace %s. Create it: kubectl -n %s create secret generic %s --from-literal=%s=..." $name $given.existingSecret $namespace $namespace $given.existingSecret (default "NODE" $given.existingSecretKey)) }}
      {{- else if and $given.existingSecretKey (not (hasKey (default dict $secret.data) $given.existingSecretKey)) }}
        {{- $problems = append $problems (printf "%s.existingSecret: the Secret \"%s\" has no key \"%s\" (it has: %s). Add it, or name the right one in %s.existingSecretKey." $name $given.existingSecret $given.existingSecretKey (keys (default dict $secret.data) | sortAlpha | join ", ") $name) }}
      {{- end }}
    {{- end }}
  {{- end }}
{{- end }}
{{- toJson $problems }}
{{- end }}
