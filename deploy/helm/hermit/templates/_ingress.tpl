{{/* What a controller must be told so that it leaves quiet sockets open: an hour, beside pings every 20 s. */}}

{{- define "hermit.ingressController" -}}
{{- $class := .Values.ingress.className -}}
{{- if .Values.ingress.controller }}{{ .Values.ingress.controller }}
{{- else if contains "nginx" $class }}nginx
{{- else if contains "traefik" $class }}traefik
{{- else if eq "haproxy-ingress" $class }}haproxy-ingress
{{- else if contains "haproxy" $class }}haproxy
{{- else if contains "contour" $class }}contour
{{- else if contains "alb" $class }}alb
{{- else if contains "azure" $class }}azure
{{- else }}none
{{- end }}
{{- end }}

{{- define "hermit.ingressAnnotations" -}}
{{- $controller := include "hermit.ingressController" . -}}
{{- if eq $controller "nginx" }}
nginx.ingress.kubernetes.io/proxy-read-timeout: "3600"
nginx.ingress.kubernetes.io/proxy-send-timeout: "3600"
nginx.ingress.kubernetes.io/proxy-http-version: "1.1"
{{- else if eq $controller "haproxy" }}
haproxy.org/timeout-tunnel: 1h
{{- else if eq $controller "haproxy-ingress" }}
haproxy-ingress.github.io/timeout-tunnel: 1h
{{- else if eq $controller "contour" }}
{{- /* Compared with the paths of the Ingress' rules, of which there is one. */}}
projectcontour.io/websocket-routes: /
projectcontour.io/response-timeout: infinity
{{- else if eq $controller "alb" }}
alb.ingress.kubernetes.io/target-type: ip
alb.ingress.kubernetes.io/healthcheck-path: /readyz
alb.ingress.kubernetes.io/load-balancer-attributes: idle_timeout.timeout_seconds=3600
alb.ingress.kubernetes.io/target-group-attributes: deregistration_delay.timeout_seconds={{ include "hermit.gracePeriod" . }}
{{- else if eq $controller "azure" }}
appgw.ingress.kubernetes.io/request-timeout: "3600"
appgw.ingress.kubernetes.io/connection-draining: "true"
appgw.ingress.kubernetes.io/connection-draining-timeout: {{ include "hermit.gracePeriod" . | quote }}
{{- end }}
{{- end }}
