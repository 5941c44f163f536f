import { Controller, Get, HttpCode, Post, Req, Res } from "@nestjs/common";
import { streamState } from "@statestream/express";
import type { Request, Response } from "express";
// Nest injects by the class that it finds at run time.
// oxlint-disable-next-line typescript/consistent-type-imports
import { CounterService } from "./counter.service.js";

@Controller()
export class CounterController {
  constructor(private readonly counter: CounterService) {}

  // With @Res() and without `passthrough`, Nest leaves the response to the handler. Guards have run by then.
  @Get("events")
  events(@Req() req: Request, @Res() res: Response): void {
    streamState(req, res, this.counter.stream);
  }

  @Post("increment")
  @HttpCode(204)
  increment(): void {
    this.counter.increment();
  }
}
