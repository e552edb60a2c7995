// The peers are installed only where the benchmark runs (bench/package.json); types must hold without them.
declare module "@grpc/grpc-js";
declare module "@grpc/proto-loader";
declare module "@nestjs/common";
declare module "@nestjs/core";
declare module "@nestjs/microservices";
declare module "@trpc/client";
declare module "@trpc/server";
declare module "@trpc/server/adapters/standalone";
declare module "fastify";
declare module "moleculer";
declare module "rxjs";
